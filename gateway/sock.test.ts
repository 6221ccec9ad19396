// What the gateway holds while sockets come and go, and while somebody does not read: measured from outside, on a
// gateway in a process of its own.

import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Net } from "../src/connect.js";
import { GatewayProcess } from "../src/testing/gatewayprocess.js";
import { ended, PlainServer } from "../src/testing/plainpeer.js";
import { defaultLimits } from "../src/wire/limits.js";

const mebibyte = 1 << 20;

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await GatewayProcess.start();
});
afterAll(() => gateway.stop());

/** counted separates timers, of which a session has one or, while something is unacknowledged, two. */
function counted(resources: readonly string[]): { timers: number; others: string[] } {
  const others = resources.filter((name) => name !== "Timeout").sort();
  return { timers: resources.length - others.length, others };
}

/** pour writes to socket as fast as it takes it, until it is closed. */
function pour(socket: Socket, counted: { bytes: number }): void {
  const chunk = Buffer.alloc(256 * 1024, 7);
  const more = (): void => {
    while (!socket.destroyed) {
      counted.bytes += chunk.length;
      if (!socket.write(chunk)) {
        socket.once("drain", more);
        return;
      }
    }
  };
  more();
}

describe("a reader that sleeps", () => {
  const sleepMs = 4000;
  const slowStreams = 8;
  // What the streams may hold by credit, and slack: a few slabs that are being filled; for the process as a whole the
  // allocator's habits too, which come to some megabytes either way.
  const credit = slowStreams * defaultLimits.streamWindow;
  const slackBytes = mebibyte;
  const processSlackBytes = 24 * mebibyte;

  it("costs the gateway no more than the credit, and holds nobody up", { timeout: 60_000 }, async () => {
    const net = await gateway.connect();
    await using source = await PlainServer.listen();
    await using echo = await PlainServer.listen();
    const quick = await net.Dial("tcp", echo.address);
    const far = await echo.accepted();
    far.pipe(far);
    const b = new Uint8Array(1);
    const roundTrip = async (): Promise<number> => {
      const began = performance.now();
      await quick.Write(b);
      await net.io.ReadFull(quick, b);
      return performance.now() - began;
    };
    for (let i = 0; i < 200; i++) await roundTrip();
    const before = await gateway.holdings();

    const sent = { bytes: 0 };
    const slow = await Promise.all(
      Array.from({ length: slowStreams }, () => net.Dial("tcp", source.address)),
    );
    for (let i = 0; i < slowStreams; i++) pour(await source.accepted(), sent);
    const trips: number[] = [];
    let most = before;
    const end = performance.now() + sleepMs;
    while (performance.now() < end) {
      for (let i = 0; i < 50; i++) trips.push(await roundTrip());
      const now = await gateway.holdings();
      if (now.rss > most.rss) most = now;
    }
    expect(most.arrayBuffers - before.arrayBuffers).toBeLessThan(credit + slackBytes);
    expect(most.rss - before.rss).toBeLessThan(credit + processSlackBytes);
    trips.sort((x, y) => x - y);
    expect(trips.length).toBeGreaterThan(100);
    // Loose, since other tests share the processor; held up would be seconds.
    expect(trips[Math.floor(trips.length / 2)]).toBeLessThan(50);
    expect(trips[Math.floor(trips.length * 0.99)]).toBeLessThan(500);

    // The kernel's windows are shut: what was sent lies in its buffers and within the credit. Now it is read on.
    const standing = sent.bytes;
    const read = slow.map(async (c) => {
      const bytes = new Uint8Array(2 * mebibyte);
      await net.io.ReadFull(c, bytes);
      return bytes.every((byte) => byte === 7);
    });
    expect(await Promise.all(read)).toEqual(Array(slowStreams).fill(true));
    expect(sent.bytes).toBeGreaterThan(standing);
    await net.session.close();
  });

  it("at the far end costs the gateway no more than the credit either", async () => {
    const net = await gateway.connect();
    await using server = await PlainServer.listen({ paused: true });
    const c = await net.Dial("tcp", server.address);
    const far = await server.accepted();
    const before = await gateway.holdings();
    const data = new Uint8Array(64 * mebibyte).fill(3);
    c.SetWriteDeadline(Date.now() + 1000);
    const { n } = await c.Write(data).then(
      () => ({ n: data.length }),
      (err: { n: number }) => err,
    );
    const after = await gateway.holdings();
    expect(n).toBeLessThan(data.length);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(defaultLimits.streamWindow + slackBytes);
    expect(after.rss - before.rss).toBeLessThan(defaultLimits.streamWindow + processSlackBytes);
    await c.Close();
    // Close does not wait, yet all of it arrives.
    expect((await ended(far)).bytes.length).toBe(n);
    await net.session.close();
  });
});

describe("Close at once after Write", () => {
  it("loses nothing: the far end gets every byte", async () => {
    const net = await gateway.connect();
    await using server = await PlainServer.listen({ paused: true });
    const data = new Uint8Array(16 * mebibyte);
    for (let i = 0; i < data.length; i++) data[i] = (i * 7) ^ (i >> 11);
    const c = await net.Dial("tcp", server.address);
    const far = await server.accepted();
    const arrived = ended(far);
    await c.Write(data);
    await c.Close();
    const { bytes, error } = await arrived;
    expect(error).toBeNull();
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(
      createHash("sha256").update(data).digest("hex"),
    );
    await net.session.close();
  });
});

describe("sockets that come and go", () => {
  const rounds = 1000;
  const atOnce = 8;
  const bytes = new Uint8Array(100_000).fill(1);

  // Each way a connection can come to its end.
  type Round = (net: Net, echo: PlainServer) => Promise<void>;
  const dial = (net: Net, server: PlainServer) => net.Dial("tcp", server.address);
  const ways: readonly Round[] = [
    async function closed(net, echo) {
      const c = await dial(net, echo);
      await Promise.all([c.Write(bytes), net.io.ReadFull(c, new Uint8Array(bytes.length))]);
      await c.Close();
    },
    async function closedWithDataUnread(net, echo) {
      const c = await dial(net, echo);
      await c.Write(bytes);
      await c.Read(new Uint8Array(1));
      await c.Close();
    },
    async function reset(net, echo) {
      const c = await dial(net, echo);
      await c.SetLinger(0);
      await c.Write(bytes);
      await c.Close();
    },
    async function halfClosed(net, echo) {
      const c = await dial(net, echo);
      await c.Write(bytes);
      await c.CloseWrite();
      await net.io.ReadAll(c);
      await c.Close();
    },
    async function accepted(net) {
      await using l = await net.Listen("tcp", "127.0.0.1:0");
      const [c, s] = await Promise.all([net.Dial("tcp", l.Addr().String()), l.Accept()]);
      await c.Write(bytes);
      await s.Close();
      await c.Close();
    },
    async function neverAccepted(net) {
      const l = await net.Listen("tcp", "127.0.0.1:0");
      const c = await net.Dial("tcp", l.Addr().String());
      await l.Close();
      await c.Read(bytes).catch(() => 0);
      await c.Close();
    },
    async function refused(net) {
      const l = await net.Listen("tcp", "127.0.0.1:0");
      await l.Close();
      await expect(net.Dial("tcp", l.Addr().String())).rejects.toThrow("connection refused");
    },
    async function timedOut(net, echo) {
      const c = await dial(net, echo);
      c.SetReadDeadline(Date.now() + 1);
      await expect(c.Read(bytes)).rejects.toThrow("i/o timeout");
      await c.Close();
    },
    async function givenUp(net, echo) {
      await net.Dial("tcp", echo.address, AbortSignal.abort()).catch(() => 0);
      const stop = new AbortController();
      const dialing = net.Dial("tcp", echo.address, stop.signal);
      stop.abort();
      await dialing.catch(() => 0);
    },
    async function cutWhileOpen(_, echo) {
      const { net, cut } = await gateway.connectCuttable();
      const l = await net.Listen("tcp", "127.0.0.1:0");
      const waiting = l.Accept().catch(() => 0);
      const c = await dial(net, echo);
      const writing = c.Write(new Uint8Array(4 * mebibyte)).catch(() => 0);
      await c.Read(new Uint8Array(1));
      cut();
      await Promise.all([writing, waiting]);
      await c.Close();
    },
  ];

  it(`leave nothing behind after ${rounds} rounds`, { timeout: 60_000 }, async () => {
    await using echo = await PlainServer.listen();
    const echoing = (async () => {
      for (;;) {
        const socket = await echo.accepted();
        socket.pipe(socket);
      }
    })();
    void echoing;
    const net = await gateway.connect();
    for (const way of ways) await way(net, echo);
    await expect.poll(async () => (await gateway.holdings()).sockets, { timeout: 5000 }).toBe(0);
    const before = await gateway.holdings();
    const mine = process.getActiveResourcesInfo();

    let next = 0;
    const worker = async (): Promise<void> => {
      for (let i = next++; i < rounds; i = next++) {
        const way = ways[i % ways.length] as Round;
        try {
          await way(net, echo);
        } catch (err) {
          throw new Error(`round ${i}, ${way.name}`, { cause: err });
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));

    const settled = async () => {
      const { sockets, descriptors, resources } = await gateway.holdings();
      return { sockets, descriptors, ...counted(resources) };
    };
    const { timers, others } = counted(before.resources);
    await expect.poll(settled, { timeout: 5000 }).toEqual({
      sockets: 0,
      descriptors: before.descriptors,
      timers: expect.toSatisfy((n) => n <= timers),
      others,
    });
    const after = await gateway.holdings();
    expect(after.heapUsed - before.heapUsed).toBeLessThan(4 * mebibyte);
    await expect
      .poll(() => counted(process.getActiveResourcesInfo()).others, { timeout: 5000 })
      .toEqual(counted(mine).others);
    await net.session.close();
  });
});
