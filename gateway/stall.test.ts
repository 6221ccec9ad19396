// Somebody stops reading, with much more behind than anybody may keep: what that costs the gateway, a process of its own,
// and that nobody else notices.

import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { connectOver, type Net } from "../src/connect.js";
import type { Conn } from "../src/net.js";
import { pass } from "../src/testing/checking.js";
import { GatewayProcess, type Holdings } from "../src/testing/gatewayprocess.js";
import { form, isLong } from "../src/testing/long.js";
import { PlainServer, roomy } from "../src/testing/plainpeer.js";
import { Random, testSeed } from "../src/testing/wirerandom.js";
import { subprotocol } from "../src/wire/frame.js";
import { type WebSocketLike, WebSocketTransport } from "../src/wire/websocket.js";

const mebibyte = 1 << 20;
const sourceBytes = 2048 * mebibyte;
const streams = 8;
const stallMs = isLong ? 60_000 : 7_000;
// A session that reads nothing at all is not stalled but dead after this.
const deafMs = isLong ? 20_000 : 7_000;
const sampleMs = 250;
const mostPerStream = 8 * mebibyte;
const mostPerSession = 64 * mebibyte;

let gateway: GatewayProcess;
const random = new Random(testSeed("stalls"));
const block = random.bytes(mebibyte);

beforeAll(async () => {
  gateway = await GatewayProcess.start();
});
afterAll(() => gateway.stop());

// pieces is the block over and over.
function* pieces(bytes: number): Generator<Uint8Array> {
  for (let left = bytes; left > 0; left -= block.length)
    yield block.subarray(0, Math.min(left, block.length));
}

function hashOf(bytes: number): string {
  const hash = createHash("sha256");
  for (const piece of pieces(bytes)) hash.update(piece);
  return hash.digest("hex");
}

// pour gives a socket all of the source, as fast as it takes it.
async function pour(socket: Socket, count: { bytes: number }): Promise<void> {
  for (const piece of pieces(sourceBytes)) {
    if (socket.destroyed) return;
    count.bytes += piece.length;
    if (!socket.write(piece)) await roomy(socket);
  }
}

/** Echo asks a quick target over and over, and notes how long that took. */
class Echo {
  readonly trips: number[] = [];
  #isOver = false;
  readonly #running: Promise<void>;

  constructor(net: Net, c: Conn) {
    this.#running = this.#run(net, c);
  }

  async #run(net: Net, c: Conn): Promise<void> {
    const b = new Uint8Array(1);
    while (!this.#isOver) {
      const began = performance.now();
      await c.Write(b);
      await net.io.ReadFull(c, b);
      this.trips.push(performance.now() - began);
      await pass(1);
    }
    await c.Close();
  }

  /** stop says how often, and how long the slowest hundredth took. */
  async stop(): Promise<string> {
    this.#isOver = true;
    await this.#running;
    const sorted = this.trips.sort((a, b) => a - b);
    const at = (part: number): string => (sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(1);
    return `${sorted.length} trips, median ${at(0.5)} ms, p99 ${at(0.99)} ms`;
  }
}

// echoes starts one on each session.
async function echoes(nets: readonly Net[], server: PlainServer): Promise<Echo[]> {
  const all: Echo[] = [];
  for (const net of nets) {
    const c = await net.Dial("tcp", server.address);
    const far = await server.accepted();
    far.pipe(far);
    all.push(new Echo(net, c));
  }
  return all;
}

// most is the most that the gateway held over that time, more than before.
async function most(before: Holdings, ms: number): Promise<{ rss: number; arrayBuffers: number }> {
  const grown = { rss: 0, arrayBuffers: 0 };
  for (const end = performance.now() + ms; performance.now() < end; ) {
    const now = await gateway.holdings();
    for (const what of ["rss", "arrayBuffers"] as const) {
      grown[what] = Math.max(grown[what], now[what] - before[what]);
    }
    await pass(sampleMs);
  }
  return grown;
}

function report(
  what: string,
  { rss, arrayBuffers }: { rss: number; arrayBuffers: number },
  echo: string[],
): void {
  const mib = (n: number): string => `${(n / mebibyte).toFixed(1)} MiB`;
  console.log(`${what}: buffers +${mib(arrayBuffers)}, RSS +${mib(rss)}; echo: ${echo.join("; ")}`);
}

function bounded(grown: { rss: number; arrayBuffers: number }): void {
  const bound = Math.min(streams * mostPerStream, mostPerSession);
  expect(grown.arrayBuffers).toBeLessThan(bound);
  expect(grown.rss).toBeLessThan(bound);
}

describe(`for ${stallMs / 1000} s${form}`, () => {
  test(`${streams} streams of a client that does not read them, 2 GiB behind each`, {
    timeout: stallMs + 180_000,
  }, async () => {
    await using source = await PlainServer.listen();
    await using echo = await PlainServer.listen();
    const [net, other] = await Promise.all([gateway.connect(), gateway.connect()]);
    const running = await echoes([net, other], echo);
    await pass(sampleMs);
    const before = await gateway.holdings();
    const slow = await Promise.all(Array.from({ length: streams }, () => net.Dial("tcp", source.address)));
    const sent = { bytes: 0 };
    const pouring: Promise<void>[] = [];
    for (let i = 0; i < streams; i++) pouring.push(pour(await source.accepted(), sent));
    const grown = await most(before, stallMs);
    const counts = running.map(({ trips }) => trips.length);
    const said = await Promise.all(running.map((one) => one.stop()));
    report("a client that does not read", grown, said);
    bounded(grown);
    for (const count of counts) expect(count).toBeGreaterThan(stallMs / 500);
    // The sources wait: most of what they have is still theirs. Awake again, the client gets it, in order.
    const standing = sent.bytes;
    expect(standing).toBeLessThan(sourceBytes / 2);
    const awake = 16 * mebibyte;
    await Promise.all(
      slow.map(async (c) => {
        const all = new Uint8Array(awake);
        await net.io.ReadFull(c, all);
        expect(createHash("sha256").update(all).digest("hex")).toBe(hashOf(awake));
        await c.Close();
      }),
    );
    expect(sent.bytes).toBeGreaterThan(standing);
    await Promise.all(pouring);
    await Promise.all([net.session.close(), other.session.close()]);
  });

  test(`${streams} targets that do not read: Write waits, and all of it arrives`, {
    timeout: stallMs + 180_000,
  }, async () => {
    await using target = await PlainServer.listen({ paused: true });
    await using echo = await PlainServer.listen();
    const [net, other] = await Promise.all([gateway.connect(), gateway.connect()]);
    const running = await echoes([net, other], echo);
    await pass(sampleMs);
    const before = await gateway.holdings();
    const written = Array<number>(streams).fill(0);
    const conns = await Promise.all(written.map(() => net.Dial("tcp", target.address)));
    const ports = conns.map((c) => Number(c.LocalAddr().String().split(":").at(-1)));
    const far = new Map<number, Socket>();
    for (let i = 0; i < streams; i++) {
      const socket = await target.accepted();
      far.set(socket.remotePort as number, socket);
    }
    const isTimeout = (err: { Timeout?: () => boolean }): boolean => err.Timeout?.() === true;
    const writing = conns.map(async (c, i) => {
      c.SetWriteDeadline(Date.now() + stallMs + 1000);
      for (const piece of pieces(sourceBytes)) {
        const n = await c.Write(piece).catch((err) => (isTimeout(err) ? (err.n ?? 0) : Promise.reject(err)));
        written[i] = (written[i] as number) + n;
        if (n < piece.length) return;
      }
    });
    const grown = await most(before, stallMs);
    const counts = running.map(({ trips }) => trips.length);
    const said = await Promise.all(running.map((one) => one.stop()));
    report("targets that do not read", grown, said);
    bounded(grown);
    for (const count of counts) expect(count).toBeGreaterThan(stallMs / 500);
    await Promise.all(writing); // by their deadline
    for (const bytes of written) expect(bytes).toBeLessThan(sourceBytes / 2);
    const taking = conns.map(async (c, i) => {
      const socket = far.get(ports[i] as number) as Socket;
      const hash = createHash("sha256");
      let bytes = 0;
      socket.on("data", (data) => {
        bytes += data.length;
        hash.update(data);
      });
      const ended = once(socket, "end");
      socket.resume();
      await c.CloseWrite();
      await ended;
      expect(bytes).toBe(written[i]);
      expect(hash.digest("hex")).toBe(hashOf(bytes));
      await c.Close();
    });
    await Promise.all(taking);
    await Promise.all([net.session.close(), other.session.close()]);
  });
});

test(`for ${deafMs / 1000} s${form}, a client whose WebSocket takes nothing at all`, {
  timeout: deafMs + 180_000,
}, async () => {
  await using source = await PlainServer.listen();
  await using echo = await PlainServer.listen();
  const bearer = `gonet.bearer.${Buffer.from(gateway.token).toString("base64url")}`;
  const ws = new WebSocket(gateway.url, [subprotocol, bearer], { perMessageDeflate: false });
  const transport = new WebSocketTransport(ws as unknown as WebSocketLike);
  await once(ws, "open");
  const net = await connectOver(async () => transport);
  const other = await gateway.connect();
  const running = await echoes([other], echo);
  await pass(sampleMs);
  const before = await gateway.holdings();
  const slow = await Promise.all(Array.from({ length: streams }, () => net.Dial("tcp", source.address)));
  ws.pause();
  const sent = { bytes: 0 };
  const pouring: Promise<void>[] = [];
  for (let i = 0; i < streams; i++) pouring.push(pour(await source.accepted(), sent));
  const grown = await most(before, deafMs);
  const counts = running.map(({ trips }) => trips.length);
  report("a client that is deaf", grown, await Promise.all(running.map((one) => one.stop())));
  bounded(grown);
  for (const count of counts) expect(count).toBeGreaterThan(deafMs / 500);
  expect(sent.bytes).toBeLessThan(sourceBytes / 2);
  ws.resume();
  const awake = 4 * mebibyte;
  await Promise.all(
    slow.map(async (c) => {
      const all = new Uint8Array(awake);
      await net.io.ReadFull(c, all);
      expect(createHash("sha256").update(all).digest("hex")).toBe(hashOf(awake));
      await c.Close();
    }),
  );
  await Promise.all(pouring);
  await Promise.all([net.session.close(), other.session.close()]);
});
