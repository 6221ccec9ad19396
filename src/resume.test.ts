// A session outlives its link, for real: a gateway, a WebSocket, and a network between them that breaks.

import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect as dialPlain, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { liveSockets } from "../native/index.js";
import { EOF } from "./io.js";
import type { SessionStatus } from "./link.js";
import type { Conn } from "./net.js";
import { connect } from "./node.js";
import type { Cut } from "./testing/chaos.js";
import { failure, later, listening, outage, place, text, tidy, utf8 } from "./testing/place.js";
import { Random, testSeed } from "./testing/wirerandom.js";

const mib = 1024 * 1024;

afterEach(tidy);

// stream gives so many bytes, the same for the same seed, in pieces.
function* pieces(seed: number, total: number): Generator<Uint8Array> {
  const block = new Random(seed).bytes(mib + 7);
  for (let at = 0; at < total; at += block.length)
    yield block.subarray(0, Math.min(block.length, total - at));
}

function hashOf(seed: number, total: number): string {
  const hash = createHash("sha256");
  for (const piece of pieces(seed, total)) hash.update(piece);
  return hash.digest("hex");
}

describe("a network that breaks", () => {
  const total = 100 * mib;
  const cuts = Number(process.env["GONET_CUTS"] ?? 100);

  test(`N02: ${total / mib} MiB each way over ${cuts} cuts, equal by hash`, {
    timeout: 180_000,
  }, async () => {
    const seed = testSeed("cuts");
    const { net, chaos } = await place({}, seed);
    const { address } = await listening(async (socket) => {
      // What comes is hashed, what goes is made; both at once.
      const hash = createHash("sha256");
      socket.on("data", (data) => hash.update(data));
      const came = once(socket, "end");
      for (const piece of pieces(2, total)) {
        if (!socket.write(piece)) await once(socket, "drain");
      }
      await came;
      socket.end(hash.digest("hex"));
    });
    const c = await net.Dial("tcp", address);

    let made = 0;
    const kinds: Cut[] = ["reset", "end", "halfOpen"];
    const between = (2 * total) / cuts;
    let next = chaos.random.below(between);
    let lastBytes = 0;
    chaos.onPass = (through) => {
      if (through.isCut) return;
      if (through.bytes < lastBytes) lastBytes = 0;
      next -= through.bytes - lastBytes;
      lastBytes = through.bytes;
      if (next > 0 || made >= cuts) return;
      made++;
      next = chaos.random.below(between * 1.6);
      lastBytes = 0;
      const how = chaos.random.pick(kinds);
      through.cut(how);
      if (how === "halfOpen") setTimeout(() => through.release(), chaos.random.below(60)); // what was on its way comes late
    };

    const started = performance.now();
    const writing = (async () => {
      for (const piece of pieces(1, total)) await c.Write(piece);
      await c.CloseWrite();
    })();
    const hash = createHash("sha256");
    const buffer = new Uint8Array(256 * 1024);
    let got = 0;
    while (got < total) {
      const n = await c.Read(buffer.subarray(0, Math.min(buffer.length, total - got)));
      hash.update(buffer.subarray(0, n));
      got += n;
    }
    await writing;
    let digest = "";
    for (;;) {
      const n = await c.Read(buffer).catch((err: unknown) => (err === EOF ? 0 : Promise.reject(err)));
      if (n === 0) break;
      digest += Buffer.from(buffer.subarray(0, n)).toString("latin1");
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${made} cuts, ${chaos.made} connections, ${seconds} s`);
    expect(hash.digest("hex")).toBe(hashOf(2, total));
    expect(digest).toBe(hashOf(1, total));
    expect(made).toBe(cuts);
    await c.Close();
  });
});

test("N17: a slow, late and choppy network is no dead one", { timeout: 60_000 }, async () => {
  const { net, chaos } = await place();
  const states: string[] = [];
  net.session.watch(({ state }) => states.push(state));
  chaos.toxics = { latencyMs: 300, jitterMs: 200, sliceBytes: 7, bytesPerSecond: 64 * 1024 };
  const { address } = await listening((socket) => socket.pipe(socket));
  const c = await net.Dial("tcp", address);
  const all = new Random(3).bytes(100_000);
  const writing = c.Write(all).then(() => c.CloseWrite());
  const got: Uint8Array[] = [];
  for await (const chunk of c) got.push(chunk.slice());
  await writing;
  expect(Buffer.concat(got).equals(all)).toBe(true);
  expect(states).toEqual([]);
  await c.Close();
});

const onTimeMs = 100; // 50 on a machine that does nothing else

describe("an outage", () => {
  test("is seen, with how long it may last, and passes unseen by the connections", async () => {
    const { net, chaos } = await place();
    const { address } = await listening((socket) => socket.pipe(socket));
    const c = await net.Dial("tcp", address);
    const seen: SessionStatus[] = [];
    net.session.watch((status) => seen.push(status));
    expect(net.session.status).toMatchObject({ state: "attached", reason: "", givesUpAt: null });
    const began = Date.now();
    const over = outage(chaos, 300);
    await c.Write(utf8("while it lasts"));
    const b = new Uint8Array(100);
    const n = await c.Read(b);
    expect(text(b.subarray(0, n))).toBe("while it lasts");
    await over;
    expect(seen.map(({ state }) => state).filter((state, i, all) => state !== all[i - 1])).toEqual([
      "detached",
      "attached",
    ]);
    const { lastHeard, givesUpAt, reason } = seen[0] as SessionStatus;
    expect(reason).not.toBe("");
    expect(lastHeard).toBeGreaterThan(began - 1000);
    expect(lastHeard).toBeLessThanOrEqual(Date.now());
    expect(Math.abs((givesUpAt as number) - began - 120_000)).toBeLessThan(1000);
    await c.Close();
  });

  test("N08: beyond the grace the session is lost, once for everything, and the next operation makes another", async () => {
    const { net, chaos } = await place({ limits: { graceMs: 300 } });
    const { address } = await listening((socket) => socket.on("error", () => {}));
    const c = await net.Dial("tcp", address);
    const l = await net.Listen("tcp", "127.0.0.1:0");
    const pending = [failure(c.Read(new Uint8Array(1))), failure(l.Accept())];
    chaos.isDown = true;
    chaos.cut("reset");
    await expect.poll(() => net.session.status.state, { interval: 1 }).toBe("detached");
    const late = failure(net.Dial("tcp", address)); // it never leaves
    const [read, accept] = await Promise.all(pending);
    expect(read?.message).toMatch(/^read tcp 127.0.0.1:\d+->127.0.0.1:\d+: read: connection reset by peer$/);
    expect(accept?.message).toMatch(/^accept tcp 127.0.0.1:\d+: accept4: connection reset by peer$/);
    for (const err of [read, accept]) expect(err?.cause).toMatchObject({ code: "GONET_SESSION_LOST" });
    expect((await late).message).toBe(`dial tcp ${address}: connect: network is down`);
    expect(net.session.status).toMatchObject({ state: "lost", givesUpAt: null });
    await expect(c.Read(new Uint8Array(1))).rejects.toBe(EOF);
    await expect.poll(liveSockets).toBe(0);
    chaos.isDown = false;
    const again = await net.Dial("tcp", address);
    await again.Close();
    await c.Close();
    await l.Close();
  });

  test("a gateway with as many sessions as it may have lets back in who has one, and nobody who only says so", async () => {
    const { net, chaos, url, token } = await place({ maxSessions: 1 });
    const { address } = await listening((socket) => socket.pipe(socket));
    const c = await net.Dial("tcp", address);
    chaos.cut("reset");
    await c.Write(utf8("still here"));
    const b = new Uint8Array(10);
    expect(await net.io.ReadFull(c, b)).toBe(10);
    expect(net.session.status.state).toBe("attached");
    await expect(connect(url, { token })).rejects.toMatchObject({ reason: "limit", retryAfterMs: 5000 });
    url.pathname = "/gonet/v1/ws";
    url.searchParams.set("gateway", "mine");
    await expect(connect(url, { token })).rejects.toThrow(/as many sessions as there may be/);
    await c.Close();
  });

  test("N11: a token that is no longer good ends the session, and the error names it", async () => {
    let isGood = true;
    const { net, chaos } = await place({ authenticate: () => (isGood ? "ann" : null) }, 1, {
      token: "ann's",
    });
    const { address } = await listening((socket) => socket.on("error", () => {}));
    const c = await net.Dial("tcp", address);
    const reading = failure(c.Read(new Uint8Array(1)));
    isGood = false;
    chaos.cut("reset");
    const err = await reading;
    expect((err.cause as { reason: string }).reason).toMatch(/token/);
    expect(net.session.status.reason).toMatch(/token.*4401/);
    await c.Close();
  });

  test("N12: a deadline passes on time, and what comes later is there for the next read", async () => {
    const { net, chaos } = await place();
    let far: Socket | undefined;
    const { address } = await listening((socket) => {
      far = socket;
    });
    const c = await net.Dial("tcp", address);
    const over = outage(chaos, 1500);
    const began = performance.now();
    c.SetReadDeadline(Date.now() + 500);
    const err = await failure(c.Read(new Uint8Array(8)));
    expect(Math.abs(performance.now() - began - 500)).toBeLessThan(onTimeMs);
    expect(err.message).toMatch(/: i\/o timeout$/);
    far?.write("late");
    await over;
    c.SetReadDeadline(null);
    const b = new Uint8Array(8);
    expect(text(b.subarray(0, await c.Read(b)))).toBe("late");
    await c.Close();
  });

  test("N13: a dial times out on time; if it was won all the same, the far end sees its end", async () => {
    const { net, chaos } = await place();
    const ended: Promise<unknown>[] = [];
    const { address } = await listening((socket) => {
      ended.push(once(socket, "end"));
      socket.resume().on("end", () => socket.end());
    });
    // The OPEN goes out into a link that passes nothing any more.
    for (const through of chaos.through) through.cut("blackhole");
    const began = performance.now();
    const dialing = failure(net.DialTimeout("tcp", address, 500));
    setTimeout(() => {
      void outage(chaos, 900);
    }, 100);
    const err = await dialing;
    expect(Math.abs(performance.now() - began - 500)).toBeLessThan(onTimeMs);
    expect(err.message).toBe(`dial tcp ${address}: i/o timeout`);
    await expect.poll(() => net.session.status.state, { timeout: 5000 }).toBe("attached");
    const c = await net.Dial("tcp", address); // behind the OPEN and its CANCEL
    await c.Close();
    await expect.poll(() => ended.length).toBeGreaterThan(0);
    await Promise.all(ended);
    await expect.poll(liveSockets).toBe(0);
  });

  test("N14: who connects meanwhile waits in the kernel, and is accepted afterwards, in order", async () => {
    const { net, chaos } = await place();
    const l = await net.Listen("tcp", "127.0.0.1:0");
    const port = Number(l.Addr().String().split(":").at(-1));
    const accepted: Promise<Conn>[] = [l.Accept()];
    const over = outage(chaos, 700);
    const clients: Socket[] = [];
    for (let i = 0; i < 10; i++) {
      const client = dialPlain({ port, host: "127.0.0.1" });
      await once(client, "connect");
      clients.push(client);
    }
    await over;
    for (let i = 1; i < clients.length; i++) accepted.push(l.Accept());
    const conns = await Promise.all(accepted);
    const ports = conns.map((c) => Number(c.RemoteAddr()?.String().split(":").at(-1)));
    expect(ports).toEqual(clients.map((client) => client.localPort));
    for (const c of conns) await c.Close();
    for (const client of clients) client.destroy();
    await l.Close();
  });

  test("N15: datagrams that come wait in the kernel; those that are sent are dropped, and that is no error", async () => {
    const { net, chaos } = await place();
    const c = await net.ListenPacket("udp", "127.0.0.1:0");
    const port = Number(c.LocalAddr()?.String().split(":").at(-1));
    const plain = createSocket("udp4");
    later(() => plain.close());
    plain.bind(0, "127.0.0.1");
    await once(plain, "listening");
    const to = await net.ResolveUDPAddr("udp", `127.0.0.1:${plain.address().port}`);
    const got: string[] = [];
    plain.on("message", (message) => got.push(message.toString()));
    const over = outage(chaos, 500);
    await expect.poll(() => net.session.status.state).toBe("detached");
    for (const message of ["one", "two", "three"]) plain.send(message, port, "127.0.0.1");
    expect(await c.WriteTo(utf8("lost"), to)).toBe(4);
    await over;
    const b = new Uint8Array(100);
    for (const message of ["one", "two", "three"]) {
      const [n] = await c.ReadFrom(b);
      expect(text(b.subarray(0, n))).toBe(message);
    }
    expect(await c.WriteTo(utf8("after"), to)).toBe(5);
    await expect.poll(() => got).toEqual(["after"]);
    await c.Close();
  });

  test("with resume false, the session ends with its WebSocket", async () => {
    const { net, chaos } = await place({}, 1, { resume: false });
    const { address } = await listening((socket) => socket.on("error", () => {}));
    const c = await net.Dial("tcp", address);
    const reading = failure(c.Read(new Uint8Array(1)));
    chaos.cut("reset");
    expect((await reading).cause).toMatchObject({ code: "GONET_SESSION_LOST" });
    expect(net.session.status.state).toBe("lost");
    await c.Close();
    await expect.poll(liveSockets).toBe(0);
  });
});
