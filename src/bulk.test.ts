// Much data in both directions through a real gateway, with readers and writers that sleep at random and with every order of
// ends: all that was written before the end arrives.

import { createHash, type Hash } from "node:crypto";
import type { Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Net } from "./connect.js";
import { EOF } from "./io.js";
import type { TCPConn } from "./tcpsock.js";
import { pass, within } from "./testing/checking.js";
import { GatewayProcess } from "./testing/gatewayprocess.js";
import { form, isLong } from "./testing/long.js";
import { PlainServer, roomy } from "./testing/plainpeer.js";
import { Random, testSeed } from "./testing/wirerandom.js";

const mebibyte = 1 << 20;
const totalBytes = (isLong ? 1024 : 128) * mebibyte;
const mostBytes = (isLong ? 24 : 6) * mebibyte; // of one connection in one direction
const atOnce = 8;
const mostPieceBytes = 192 * 1024;
const stallOnceIn = 24;
const mostStallMs = 40;
const hangMs = 60_000;

/** ways are the orders in which a connection ends. */
const ways = [
  "both end for themselves",
  "the target ends first, long before",
  "Close after the last Write",
  "Close while a Write waits",
] as const;
type Way = (typeof ways)[number];

/** Side is what one end of a connection did: what went out, and what came in. */
interface Side {
  readonly out: Hash;
  readonly in: Hash;
  outBytes: number;
  inBytes: number;
}

const side = (): Side => ({ out: createHash("sha256"), in: createHash("sha256"), outBytes: 0, inBytes: 0 });

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await GatewayProcess.start();
});
afterAll(() => gateway.stop());

const block = new Random(4).bytes(2 * mebibyte);

// pieces gives so many bytes in pieces of random length, from random places.
function* pieces(random: Random, bytes: number): Generator<Uint8Array> {
  for (let left = bytes; left > 0; ) {
    const n = Math.min(left, 1 + random.below(mostPieceBytes));
    const at = random.below(block.length - n);
    yield block.subarray(at, at + n);
    left -= n;
  }
}

async function stall(random: Random): Promise<void> {
  if (random.below(stallOnceIn) === 0) await pass(random.below(mostStallMs));
}

// target gives so many bytes and ends, and takes everything there is; it does both at once.
async function target(socket: Socket, random: Random, bytes: number): Promise<Side> {
  const its = side();
  const [giving, taking] = [new Random(random.uint32()), new Random(random.uint32())];
  const give = (async () => {
    for (const piece of pieces(giving, bytes)) {
      if (socket.destroyed) return;
      its.out.update(piece);
      its.outBytes += piece.length;
      if (!socket.write(piece)) await roomy(socket);
      await stall(giving);
    }
    socket.end();
  })();
  // Its end must not end the other direction.
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    its.in.update(chunk);
    its.inBytes += chunk.length;
    await stall(taking);
  }
  await give;
  return its;
}

async function readAll(c: TCPConn, random: Random, mine: Side): Promise<void> {
  for (;;) {
    const b = new Uint8Array(1 + random.below(mostPieceBytes));
    const n = await c.Read(b).catch((err: unknown) => (err === EOF ? 0 : Promise.reject(err)));
    if (n === 0) return;
    mine.in.update(b.subarray(0, n));
    mine.inBytes += n;
    await stall(random);
  }
}

async function writeAll(c: TCPConn, random: Random, bytes: number, mine: Side): Promise<void> {
  for (const piece of pieces(random, bytes)) {
    let isClosed = false;
    const n = await c.Write(piece).catch((err: { n?: number; message: string }) => {
      if (!/use of closed network connection$/.test(err.message)) throw err;
      isClosed = true;
      return err.n ?? 0;
    });
    mine.out.update(piece.subarray(0, n));
    mine.outBytes += n;
    if (isClosed) return;
    expect(n).toBe(piece.length);
    await stall(random);
  }
}

// client does its half, and ends as it is told.
async function client(c: TCPConn, random: Random, bytes: number, way: Way): Promise<Side> {
  const mine = side();
  const [giving, taking] = [new Random(random.uint32()), new Random(random.uint32())];
  if (way === "both end for themselves") {
    const reading = readAll(c, taking, mine);
    await writeAll(c, giving, bytes, mine);
    await c.CloseWrite();
    await reading;
  } else if (way === "the target ends first, long before") {
    await readAll(c, taking, mine);
    await writeAll(c, giving, bytes, mine);
    await c.CloseWrite();
  } else if (way === "Close after the last Write") {
    await Promise.all([readAll(c, taking, mine), writeAll(c, giving, bytes, mine)]);
  } else {
    // With data unread a Close would be a reset, so everything is read first.
    await readAll(c, taking, mine);
    const writing = writeAll(c, giving, bytes, mine);
    await pass(random.below(150));
    await c.Close();
    await writing;
    return mine;
  }
  await c.Close();
  return mine;
}

interface Plan {
  readonly number: number;
  readonly way: Way;
  readonly up: number;
  readonly down: number;
  readonly random: Random;
}

async function connection(net: Net, server: PlainServer, plan: Plan): Promise<{ up: number; down: number }> {
  const { random, up, down, way } = plan;
  const c = await net.Dial("tcp", server.address);
  const port = Number(c.LocalAddr().String().split(":").at(-1));
  const socket = await server.acceptedFrom(port);
  const [mine, its] = await Promise.all([
    client(c, new Random(random.uint32()), up, way),
    target(socket, new Random(random.uint32()), down),
  ]);
  expect(its.inBytes).toBe(mine.outBytes);
  expect(mine.inBytes).toBe(its.outBytes);
  expect(its.in.digest("hex")).toBe(mine.out.digest("hex"));
  expect(mine.in.digest("hex")).toBe(its.out.digest("hex"));
  expect(its.outBytes).toBe(down);
  if (way !== "Close while a Write waits") expect(mine.outBytes).toBe(up);
  return { up: mine.outBytes, down: mine.inBytes };
}

test(`${totalBytes / mebibyte} MiB each way, with sleepers and all kinds of ends${form}`, {
  timeout: isLong ? 900_000 : 180_000,
}, async () => {
  const seed = testSeed("bulk");
  const random = new Random(seed);
  const net = await gateway.connect();
  await using server = await PlainServer.listen({ paused: true });
  const moved = { up: 0, down: 0 };
  const done = new Map<Way, number>();
  let number = 0;
  const worker = async (): Promise<void> => {
    while (moved.up < totalBytes || moved.down < totalBytes) {
      const plan: Plan = {
        number: number++,
        way: random.pick(ways),
        up: random.below(mostBytes),
        down: random.below(mostBytes),
        random: new Random(random.uint32()),
      };
      const what = `connection ${plan.number}: ${plan.way}, ${plan.up} bytes up, ${plan.down} down`;
      try {
        const { up, down } = await within(hangMs, what, connection(net, server, plan));
        moved.up += up;
        moved.down += down;
      } catch (err) {
        throw new Error(`${what}: ${(err as Error).message}`, { cause: err });
      }
      done.set(plan.way, (done.get(plan.way) ?? 0) + 1);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: atOnce }, worker));
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const mib = (n: number): string => (n / mebibyte).toFixed(0);
  console.log(
    `${number} connections, ${mib(moved.up)} MiB up, ${mib(moved.down)} MiB down, ${seconds} s`,
    done,
  );
  expect([...done.keys()].sort()).toEqual([...ways].sort());
  await net.session.close();
  await expect.poll(async () => (await gateway.holdings()).sockets, { timeout: 10_000 }).toBe(0);
});
