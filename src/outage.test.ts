// What sockets do while their session has no link, and after it was lost.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect as dialPlain, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { liveSockets } from "../native/index.js";
import { EOF } from "./io.js";
import type { SessionStatus } from "./link.js";
import type { Conn } from "./net.js";
import { connect } from "./node.js";
import { failure, later, listening, outage, place, sleep, text, tidy, utf8 } from "./testing/place.js";
import { Random } from "./testing/wirerandom.js";
import type { UDPConn } from "./udpsock.js";

afterEach(tidy);

// What passes on time passes while the outage lasts; how exactly, blackhole.test.ts shows.
const timeoutMs = 500;
const earlyMs = 5; // a timer and a clock need not agree to the millisecond
const longOutageMs = 2_000;

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
    expect(Math.abs((givesUpAt as number) - began - 120_000)).toBeLessThan(10_000);
    await c.Close();
  });

  test("N08: beyond the grace the session is lost, once for everything, and the next operation makes another", async () => {
    const { net, chaos } = await place({ limits: { graceMs: 300 } });
    const { address } = await listening((socket) => socket.on("error", () => {}));
    const l = await net.Listen("tcp", "127.0.0.1:0");
    const c = await net.Dial("tcp", address);
    const full = await net.Dial("tcp", address);
    const u = await net.ListenPacket("udp", "127.0.0.1:0");
    const pending = {
      read: failure(c.Read(new Uint8Array(1))),
      write: failure(full.Write(new Uint8Array(32 * 1024 * 1024))),
      accept: failure(l.Accept()),
      receive: failure(u.ReadFrom(new Uint8Array(1))),
    };
    await expect.poll(() => chaos.through[0]?.bytes).toBeGreaterThan(1024 * 1024);
    // The gateway hears of the break at once, and waits the grace in vain; the client hears of it later, and comes back.
    chaos.cut("deaf");
    await expect.poll(liveSockets).toBe(0);
    chaos.cut("reset");
    const ends = "127\\.0\\.0\\.1:\\d+->127\\.0\\.0\\.1:\\d+";
    const want = {
      read: `^read tcp ${ends}: read: connection reset by peer$`,
      write: `^write tcp ${ends}: write: connection reset by peer$`,
      accept: "^accept tcp 127\\.0\\.0\\.1:\\d+: use of closed network connection$",
      receive: "^read udp 127\\.0\\.0\\.1:\\d+: recvfrom: connection reset by peer$",
    };
    for (const [what, pattern] of Object.entries(want)) {
      const err = await pending[what as keyof typeof pending];
      expect(err.message).toMatch(new RegExp(pattern));
      expect(err.cause).toMatchObject({ code: "GONET_SESSION_LOST", reason: "no such session" });
    }
    const { n } = (await pending.write) as Error & { n: number };
    expect(n).toBeGreaterThan(0);
    expect(n).toBeLessThan(32 * 1024 * 1024);
    expect(net.session.status).toMatchObject({ state: "lost", givesUpAt: null });
    expect(net.session.status.reason).toMatch(/no such session \(4404\)/);
    // Each has failed once.
    await expect(c.Read(new Uint8Array(1))).rejects.toBe(EOF);
    expect((await failure(full.Write(new Uint8Array(1)))).message).toMatch(/: write: broken pipe$/);
    const again = await net.Dial("tcp", address);
    expect(net.session.status.state).toBe("attached");
    for (const closing of [again, c, full, l, u]) await closing.Close();
  });

  test("N08: so it is for a client that finds no way back in time", async () => {
    const { net, chaos } = await place({ limits: { graceMs: 300 } });
    const { address } = await listening((socket) => socket.on("error", () => {}));
    const c = await net.Dial("tcp", address);
    const reading = failure(c.Read(new Uint8Array(1)));
    chaos.isDown = true;
    chaos.cut("reset");
    await expect.poll(() => net.session.status.state, { interval: 1 }).toBe("detached");
    const late = failure(net.Dial("tcp", address)); // it never leaves
    const lookup = failure(net.LookupHost("name.invalid")); // nor does this
    expect((await reading).message).toMatch(/: read: connection reset by peer$/);
    expect((await reading).cause).toMatchObject({ code: "GONET_SESSION_LOST" });
    expect((await late).message).toBe(`dial tcp ${address}: connect: network is down`);
    expect((await lookup).message).toBe("lookup name.invalid: connect: network is down");
    expect(net.session.status).toMatchObject({ state: "lost", givesUpAt: null });
    await expect.poll(liveSockets).toBe(0);
    chaos.isDown = false;
    const again = await net.Dial("tcp", address);
    for (const closing of [again, c]) await closing.Close();
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
    // The next session is refused for the same reason, and says so.
    const down = await failure(net.Dial("tcp", address));
    expect(down.message).toBe(`dial tcp ${address}: connect: network is down`);
    expect(down.cause).toMatchObject({
      code: "GONET_AUTH",
      reason: expect.stringMatching(/token is not valid/),
    });
    await c.Close();
  });

  test("N12: a deadline passes on time, and what comes later is there for the next read", async () => {
    const { net, chaos } = await place();
    let far: Socket | undefined;
    const { address } = await listening((socket) => {
      far = socket;
    });
    const c = await net.Dial("tcp", address);
    const over = outage(chaos, longOutageMs);
    const began = performance.now();
    c.SetReadDeadline(Date.now() + timeoutMs);
    const err = await failure(c.Read(new Uint8Array(8)));
    expect(performance.now() - began).toBeGreaterThan(timeoutMs - earlyMs);
    expect(net.session.status.state).toBe("detached");
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
    const dialing = failure(net.DialTimeout("tcp", address, timeoutMs));
    setTimeout(() => {
      void outage(chaos, longOutageMs);
    }, 100);
    const err = await dialing;
    expect(performance.now() - began).toBeGreaterThan(timeoutMs - earlyMs);
    expect(net.session.status.state).toBe("detached");
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

  test("N14: of 200, the kernel's backlog keeps who fits and lets the others try again; nobody is reset", async () => {
    const { net, chaos } = await place();
    const l = await net.Listen("tcp", "127.0.0.1:0");
    const port = Number(l.Addr().String().split(":").at(-1));
    chaos.isDown = true;
    chaos.cut("reset");
    const failed: string[] = [];
    const theirs: number[] = [];
    const clients = Array.from({ length: 200 }, () => {
      const client = dialPlain({ port, host: "127.0.0.1" });
      client.on("error", (err) => failed.push(err.message));
      client.on("connect", () => theirs.push(client.localPort as number));
      return client;
    });
    await expect.poll(() => clients.filter(({ connecting }) => !connecting).length).toBeGreaterThan(100);
    await sleep(300);
    chaos.isDown = false;
    const ports: number[] = [];
    for (const _ of clients) {
      const c = await l.Accept();
      ports.push(Number(c.RemoteAddr()?.String().split(":").at(-1)));
      await c.Close();
    }
    expect(failed).toEqual([]);
    expect([...new Set(ports)].sort()).toEqual(theirs.sort());
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

  test("N15: what has no room any more is dropped by the kernel: the oldest are kept, in order", async () => {
    const { net, chaos } = await place();
    const c = await net.ListenPacket("udp", "127.0.0.1:0");
    await (c as UDPConn).SetReadBuffer(64 * 1024);
    const port = Number(c.LocalAddr()?.String().split(":").at(-1));
    const plain = createSocket("udp4");
    later(() => plain.close());
    const send = (n: number) =>
      new Promise((resolve) =>
        plain.send(Buffer.alloc(1000, String(n).padStart(4, "0")), port, "127.0.0.1", resolve),
      );
    chaos.isDown = true;
    chaos.cut("reset");
    await expect.poll(() => net.session.status.state).toBe("detached");
    const total = 500;
    for (let n = 0; n < total; n++) await send(n);
    chaos.isDown = false;
    await expect.poll(() => net.session.status.state).toBe("attached");
    const b = new Uint8Array(2000);
    const got: number[] = [];
    for (let isOver = false; !isOver; ) {
      c.SetReadDeadline(Date.now() + 500);
      const [n] = await c.ReadFrom(b).catch(() => [0]);
      isOver = n === 0;
      if (!isOver) got.push(Number(text(b.subarray(0, 4))));
    }
    expect(got.length).toBeGreaterThan(10);
    expect(got.length).toBeLessThan(total);
    expect(got).toEqual(Array.from(got, (_, i) => i));
    // Afterwards everything is as before.
    c.SetReadDeadline(null);
    await send(total);
    await c.ReadFrom(b);
    expect(text(b.subarray(0, 4))).toBe(String(total).padStart(4, "0"));
    await c.Close();
  });

  test("an AbortSignal ends at once what waits for the link", async () => {
    const { net, chaos } = await place();
    const { address } = await listening((socket) => socket.on("error", () => {}));
    const c = await net.Dial("tcp", address);
    const l = await net.Listen("tcp", "127.0.0.1:0");
    chaos.isDown = true;
    chaos.cut("reset");
    await expect.poll(() => net.session.status.state).toBe("detached");
    const abort = new AbortController();
    const waiting = [
      net.Dial("tcp", address, abort.signal),
      c.Read(new Uint8Array(1), abort.signal),
      l.Accept(abort.signal),
      net.LookupHost("name.invalid", abort.signal),
    ].map((call) => failure(call));
    await sleep(100);
    abort.abort();
    const errs = await Promise.all(waiting);
    expect(net.session.status.state).toBe("detached");
    for (const err of errs) expect(err.message).toMatch(/: operation was canceled$/);
    chaos.isDown = false;
    // The connection and the listener are none the worse for it.
    const accepting = l.Accept();
    const again = await net.Dial("tcp", l.Addr().String());
    const d = await accepting;
    for (const closing of [again, d, c, l]) await closing.Close();
    await expect.poll(liveSockets).toBe(0);
  });

  test("what was written before Close arrives, though both came in the outage", async () => {
    const { net, chaos } = await place();
    const parts: Buffer[] = [];
    let isOver = false;
    const { address } = await listening((socket) => {
      socket.on("data", (data) => parts.push(data));
      socket.on("end", () => {
        isOver = true;
        socket.end();
      });
    });
    const c = await net.Dial("tcp", address);
    chaos.isDown = true;
    chaos.cut("reset");
    await expect.poll(() => net.session.status.state).toBe("detached");
    const all = new Random(6).bytes(200 * 1024);
    await c.Write(all);
    await c.Close();
    expect(net.session.status.state).toBe("detached");
    chaos.isDown = false;
    await expect.poll(() => isOver).toBe(true);
    expect(Buffer.concat(parts).equals(all)).toBe(true);
    await expect.poll(liveSockets).toBe(0);
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
