import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, expect, test } from "vitest";
import { again, liveSockets, readable, Socket, writable } from "./index.js";
import { closeAll, connect, failure, keep, listen, loopback6, pair, until } from "./testing/loopback.js";

afterEach(() => {
  closeAll();
  expect(liveSockets(), "sockets left open").toBe(0);
});

const text = (s: string) => new TextEncoder().encode(s);

// readAll reads to the end of the stream.
async function readAll(socket: Socket): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = new Uint8Array(1 << 16);
    const n = socket.read(chunk, 0, chunk.length);
    if (n === 0) return Buffer.concat(chunks);
    if (n === again) await until(socket, readable);
    else chunks.push(chunk.subarray(0, n));
  }
}

// fill writes until the kernel takes no more, and returns how much it took.
function fill(socket: Socket): number {
  const chunk = new Uint8Array(1 << 16);
  for (let sent = 0; ; ) {
    const n = socket.write(chunk, 0, chunk.length);
    if (n === again) return sent;
    sent += n;
  }
}

test("bytes go both ways, into the part of the array that was named", async () => {
  const [client, server] = await pair();
  const b = new Uint8Array(8).fill(255);
  expect(server.read(b, 0, 8)).toBe(again);
  expect(client.write(text("_hello_"), 1, 5)).toBe(5);
  expect(await until(server, readable)).toBe(readable);
  expect(server.read(b, 2, 3)).toBe(3);
  expect([...b]).toEqual([255, 255, ...text("hel"), 255, 255, 255]);
  expect(server.read(b, 0, 8)).toBe(2);
  expect(server.write(b, 0, 2)).toBe(2);
  await until(client, readable);
  expect(client.read(b, 4, 4)).toBe(2);
  expect([...b.subarray(4, 6)]).toEqual([...text("lo")]);
});

test("writing nothing is 0; reading nothing too, once there is something", async () => {
  const [client, server] = await pair();
  const none = new Uint8Array(0);
  expect(client.write(none, 0, 0)).toBe(0);
  expect(server.read(none, 0, 0)).toBe(again);
  client.write(text("x"), 0, 1);
  await until(server, readable);
  expect(server.read(none, 0, 0)).toBe(0);
  expect(server.read(new Uint8Array(1), 0, 1)).toBe(1);
});

test("the addresses of both ends agree, over IPv4 and IPv6", async () => {
  for (const address of [undefined, loopback6]) {
    const [client, server] = await pair(address);
    expect(server.remoteAddr()).toEqual(client.localAddr());
    expect(server.localAddr()).toEqual(client.remoteAddr());
    expect(client.remoteAddr()![0]).toBe(address ? 6 : 4);
  }
});

test("a connection waits in the kernel's queue until it is accepted", async () => {
  const listener = listen();
  const address = listener.localAddr()!;
  const clients = [await connect(address), await connect(address), await connect(address)];
  expect(liveSockets()).toBe(4);
  let events = 0;
  const order: unknown[] = [];
  await new Promise<void>((resolve) => {
    listener.onReady = () => {
      events++;
      order.push(keep(listener.accept()!).remoteAddr());
      if (events === clients.length) resolve();
    };
    listener.wait(readable);
  });
  expect(order).toEqual(clients.map((c) => c.localAddr()));
  expect(listener.accept()).toBeNull();
  expect(liveSockets()).toBe(7);
});

test("interest in reading survives interest in writing, and the other way round", async () => {
  const [client, server] = await pair();
  server.setOption("SO_RCVBUF", 1 << 14);
  client.setOption("SO_SNDBUF", 1 << 14);
  fill(client);
  let got = 0;
  client.onReady = (events) => {
    got |= events;
  };
  client.wait(readable | writable);
  await until(server, readable);
  expect(got).toBe(0);
  server.write(text("x"), 0, 1);
  await expect.poll(() => got).toBe(readable);
  // The byte is still there, so reading is still announced when there is room to write as well.
  const drain = new Uint8Array(1 << 16);
  await expect
    .poll(() => {
      server.read(drain, 0, drain.length);
      return got;
    })
    .toBe(readable | writable);
});

test("events come again until they are answered, and stop at once when nobody waits", async () => {
  const [client, server] = await pair();
  client.write(text("x"), 0, 1);
  let events = 0;
  await new Promise<void>((resolve) => {
    server.onReady = () => {
      events++;
      if (events < 5) return;
      server.wait(0);
      server.wait(readable);
      server.wait(0);
      resolve();
    };
    server.wait(readable);
  });
  await until(client, writable);
  await until(client, writable);
  expect(events).toBe(5);
});

test("an event without onReady is nobody's error", async () => {
  const [client, server] = await pair();
  server.wait(writable);
  await until(client, writable);
  await until(client, writable);
  expect(server.closed).toBe(false);
});

test("half close: the end of one direction leaves the other open", async () => {
  const [client, server] = await pair();
  client.write(text("last words"), 0, 10);
  client.shutdown("write");
  expect(new TextDecoder().decode(await readAll(server))).toBe("last words");
  expect(server.read(new Uint8Array(1), 0, 1)).toBe(0);
  server.write(text("answer"), 0, 6);
  server.shutdown("write");
  expect(new TextDecoder().decode(await readAll(client))).toBe("answer");
  expect(failure(() => client.write(text("x"), 0, 1))).toBe("write EPIPE");
});

test("shutdown of reading ends what is read", async () => {
  const [client, server] = await pair();
  server.shutdown("read");
  expect(server.read(new Uint8Array(1), 0, 1)).toBe(0);
  expect(client.write(text("x"), 0, 1)).toBe(1);
  const [other] = await pair();
  other.shutdown("both");
  expect(other.read(new Uint8Array(1), 0, 1)).toBe(0);
  expect(failure(() => other.write(text("x"), 0, 1))).toBe("write EPIPE");
});

test("linger 0 resets: the other end meets ECONNRESET, once", async () => {
  const [client, server] = await pair();
  client.setLinger(0);
  client.close();
  expect(await until(server, readable)).toBe(readable | writable);
  const b = new Uint8Array(1);
  expect(failure(() => server.read(b, 0, 1))).toBe("read ECONNRESET");
  expect(server.read(b, 0, 1)).toBe(0);
  expect(failure(() => server.write(b, 0, 1))).toBe("write EPIPE");
});

test("a reset is announced to who only waits to write", async () => {
  const [client, server] = await pair();
  fill(server);
  const waiting = until(server, writable);
  client.setLinger(0);
  client.close();
  expect(await waiting).toBe(readable | writable);
  expect(failure(() => server.write(new Uint8Array(1), 0, 1))).toBe("write ECONNRESET");
});

test("an error is announced until a call meets it", async () => {
  const [client, server] = await pair();
  client.setLinger(0);
  client.close();
  let events = 0;
  await new Promise<void>((resolve, reject) => {
    server.onReady = (got) => {
      if (got !== (readable | writable)) reject(new Error(`event ${got}`));
      if (++events === 3) resolve();
    };
    server.wait(readable);
  });
  server.wait(0);
  expect(failure(() => server.read(new Uint8Array(1), 0, 1))).toBe("read ECONNRESET");
});

test("close without linger sends what was written", async () => {
  const [client, server] = await pair();
  const bytes = new Uint8Array(100_000).map((_, i) => i % 251);
  expect(client.write(bytes, 0, bytes.length)).toBe(bytes.length);
  client.close();
  expect(Buffer.compare(await readAll(server), bytes)).toBe(0);
});

test("a full socket takes part of a write, then says again, then is writable", async () => {
  const [client, server] = await pair();
  client.setOption("SO_SNDBUF", 1 << 14);
  const sent = fill(client);
  expect(sent).toBeGreaterThan(0);
  const waiting = until(client, writable);
  const b = new Uint8Array(1 << 16);
  let received = 0;
  while (received < sent) {
    const n = server.read(b, 0, b.length);
    if (n === again) await until(server, readable);
    else received += n;
  }
  expect(await waiting).toBe(writable);
  expect(client.write(b, 0, 1)).toBe(1);
});

test("a closed listener refuses at once", async () => {
  const listener = listen();
  const address = listener.localAddr()!;
  listener.wait(readable);
  listener.close();
  await expect(connect(address)).rejects.toMatchObject({ syscall: "connect", errno: "ECONNREFUSED" });
  const next = listen(address);
  expect(next.localAddr()).toEqual(address);
});

test("close is idempotent, and every other method fails afterwards", () => {
  const socket = Socket.open(4, "stream");
  expect(socket.fd).toBeGreaterThan(2);
  expect(socket.closed).toBe(false);
  socket.close();
  socket.close();
  expect(socket.closed).toBe(true);
  expect(socket.fd).toBe(-1);
  const b = new Uint8Array(1);
  const methods: Record<string, () => unknown> = {
    poll: () => socket.wait(readable),
    bind: () => socket.bind([4, new Uint8Array(4), 0]),
    listen: () => socket.listen(1),
    connect: () => socket.connect([4, Uint8Array.of(127, 0, 0, 1), 1]),
    accept4: () => socket.accept(),
    read: () => socket.read(b, 0, 1),
    write: () => socket.write(b, 0, 1),
    shutdown: () => socket.shutdown("both"),
    getsockname: () => socket.localAddr(),
    getpeername: () => socket.remoteAddr(),
    getsockopt: () => socket.getOption("SO_ERROR"),
    setsockopt: () => socket.setOption("SO_KEEPALIVE", 1),
  };
  for (const [name, call] of Object.entries(methods)) expect(failure(call)).toBe(`${name} EBADF`);
  expect(failure(() => socket.wait(0))).toBe("poll EBADF");
  expect(failure(() => socket.finishConnect())).toBe("getsockopt EBADF");
  expect(failure(() => socket.setLinger(0))).toBe("setsockopt EBADF");
  expect(failure(() => socket.getLinger())).toBe("getsockopt EBADF");
});

test("close from within onReady is the last event", async () => {
  const [client, server] = await pair();
  let events = 0;
  server.onReady = () => {
    events++;
    server.close();
    server.close();
  };
  server.wait(readable | writable);
  client.shutdown("write");
  await until(client, readable);
  expect(events).toBe(1);
  expect(client.read(new Uint8Array(1), 0, 1)).toBe(0);
});

test("close while a connect is under way", async () => {
  const listener = listen();
  const socket = keep(Socket.open(4, "stream"));
  socket.connect(listener.localAddr()!);
  socket.onReady = () => expect.unreachable();
  socket.wait(writable);
  socket.close();
  await until(await connect(listener.localAddr()!), writable);
});

test("finishConnect is false as long as there is no outcome", () => {
  const socket = keep(Socket.open(4, "stream"));
  expect(socket.finishConnect()).toBe(false);
});

test("connect of a connected socket says so", async () => {
  const [client] = await pair();
  expect(client.connect(client.remoteAddr()!)).toBe(true);
  expect(client.finishConnect()).toBe(true);
});

test("onReady runs in the async context in which the socket was first waited on", async () => {
  const [client, server] = await pair();
  const storage = new AsyncLocalStorage<string>();
  const seen = new Promise((resolve) => {
    server.onReady = () => {
      server.wait(0);
      resolve(storage.getStore());
    };
  });
  storage.run("mine", () => server.wait(readable));
  client.close();
  expect(await seen).toBe("mine");
});

test("Unix stream and seqpacket sockets connect by abstract name", async () => {
  for (const type of ["stream", "seqpacket"] as const) {
    const listener = keep(Socket.open(1, type));
    listener.bind([1, new Uint8Array(0)]);
    listener.listen(4);
    const client = keep(Socket.open(1, type));
    expect(client.connect(listener.localAddr()!)).toBe(true);
    const server = keep(listener.accept()!);
    expect(server.remoteAddr()).toEqual([1, new Uint8Array(0)]);
    expect(client.remoteAddr()).toEqual(listener.localAddr());
    client.write(text("one"), 0, 3);
    client.write(text("two"), 0, 3);
    const b = new Uint8Array(10);
    expect(server.read(b, 0, 10)).toBe(type === "stream" ? 6 : 3);
  }
});

test("connected datagram sockets keep datagrams whole, empty ones too", async () => {
  const a = keep(Socket.open(4, "dgram"));
  const b = keep(Socket.open(4, "dgram"));
  a.bind([4, Uint8Array.of(127, 0, 0, 1), 0]);
  b.bind([4, Uint8Array.of(127, 0, 0, 1), 0]);
  expect(a.connect(b.localAddr()!)).toBe(true);
  expect(a.write(text("one"), 0, 3)).toBe(3);
  expect(a.write(text(""), 0, 0)).toBe(0);
  expect(a.write(text("two"), 0, 3)).toBe(3);
  await until(b, readable);
  const into = new Uint8Array(10);
  expect([b.read(into, 0, 10), b.read(into, 0, 10), b.read(into, 0, 2), b.read(into, 0, 10)]).toEqual([
    3,
    0,
    2,
    again,
  ]);
});
