// Operations over TCP, and over Unix sockets to other processes.

import type { TCPConn } from "../src/tcpsock.js";
import { pass } from "../src/testing/checking.js";
import { hashOf } from "./data.js";
import { hostName, ready, type Taken } from "./orders.js";
import {
  answered,
  ends,
  failed,
  failsLike,
  isTimeout,
  type Operation,
  order,
  type Place,
  read,
  same,
  tell,
  text,
  write,
} from "./place.js";

const kib = 1024;
const shortMs = 40;

async function echoes(place: Place, c: TCPConn, times: number): Promise<void> {
  const { random } = place;
  for (let i = 0; i < times; i++) {
    const seed = random.uint32();
    const bytes = 1 + random.below(2 * kib);
    await Promise.all([write(place, c, seed, bytes), read(place, c, seed, bytes)]);
  }
}

const echo: Operation = async (place) => {
  const c = await order(place, { do: "echo" });
  await echoes(place, c, 1 + place.random.below(8));
  await c.CloseWrite();
  await ends(place, c);
  await c.Close();
};

const up: Operation = async (place) => {
  const seed = place.random.uint32();
  const bytes = place.random.below(768 * kib);
  const c = await order(place, { do: "sink" });
  await write(place, c, seed, bytes);
  await c.CloseWrite(); // the answer comes over the other half
  same(text(await place.net.io.ReadAll(c)), hashOf(seed, bytes), `what the target took of ${bytes} bytes`);
  await c.Close();
};

const down: Operation = async (place) => {
  const seed = place.random.uint32();
  const bytes = place.random.below(768 * kib);
  const c = await order(place, { do: "source", seed, bytes });
  await read(place, c, seed, bytes);
  await ends(place, c);
  await c.Close();
};

const bothWays: Operation = async (place) => {
  const { random } = place;
  const bytes = random.below(512 * kib);
  const [mine, its] = [random.uint32(), random.uint32()];
  const c = await order(place, { do: "both", seed: its, bytes });
  const writing = write(place, c, mine, bytes).then(() => c.CloseWrite());
  await Promise.all([writing, read(place, c, its, bytes)]);
  same(text(await place.net.io.ReadAll(c)), hashOf(mine, bytes), "what the target took meanwhile");
  await c.Close();
};

// A reader that sleeps now and then stops the target, and loses nothing.
const slowReader: Operation = async (place) => {
  const { random } = place;
  const seed = random.uint32();
  const bytes = kib * kib;
  const c = await order(place, { do: "source", seed, bytes });
  await read(place, c, seed, bytes, async () => {
    if (random.below(4) === 0) await pass(random.below(300));
  });
  await ends(place, c);
  await c.Close();
};

// The target ends first and gets everything that comes after that.
const targetEndsFirst: Operation = async (place) => {
  const id = place.id();
  const seed = place.random.uint32();
  const bytes = place.random.below(64 * kib);
  const c = await order(place, { do: "take", id, endFirst: true });
  await ends(place, c);
  await write(place, c, seed, bytes);
  await c.CloseWrite();
  await c.Close();
  await whatItTook(place, id, seed, bytes);
};

// What was written before Close arrives.
const writeAndClose: Operation = async (place) => {
  const id = place.id();
  const seed = place.random.uint32();
  const bytes = place.random.below(256 * kib);
  const c = await order(place, { do: "take", id, endFirst: false });
  same(await c.Read(new Uint8Array(1)), ready.length, "what the target says first");
  await write(place, c, seed, bytes);
  await c.Close();
  await whatItTook(place, id, seed, bytes);
};

async function whatItTook(place: Place, id: string, seed: number, bytes: number): Promise<void> {
  const taken = JSON.parse(await answered(place, { do: "ask", id })) as Taken;
  same(taken.error, null, "how it ended at the target");
  same(taken.bytes, bytes, "how many bytes the target took");
  same(taken.hash, hashOf(seed, bytes), `what the target took of ${bytes} bytes`);
}

// Closed without the rest being read, and with linger 0: the target hears of a reset.
const reset: Operation = async (place) => {
  const id = place.id();
  const c = await order(place, { do: "take", id, endFirst: false });
  same(await c.Read(new Uint8Array(1)), ready.length, "what the target says first");
  await c.SetLinger(0);
  await c.Close();
  const taken = JSON.parse(await answered(place, { do: "ask", id })) as Taken;
  same(taken.error, "ECONNRESET", "how it ended at the target");
};

const isReset: Operation = async (place) => {
  const seed = place.random.uint32();
  const bytes = place.random.below(32 * kib);
  const c = await order(place, { do: "reset", seed, bytes });
  await read(place, c, seed, bytes);
  await c.Write(Uint8Array.of(1));
  await failsLike(c.Read(new Uint8Array(1)), /^read tcp \S+->\S+: read: connection reset by peer$/);
  await c.Close();
};

const refused: Operation = async ({ net, targets }) => {
  await failsLike(net.Dial("tcp", targets.nobody), /^dial tcp \S+: connect: connection refused$/);
};

const dialTimeout: Operation = async ({ net, targets, random }) => {
  const ms = 100 + random.below(400);
  await failsLike(net.DialTimeout("tcp", targets.full, ms), /^dial tcp \S+: i\/o timeout$/);
};

const dialAborted: Operation = async ({ net, targets, random }) => {
  const signal = AbortSignal.timeout(random.below(300));
  await failsLike(
    net.Dial("tcp", targets.full, signal),
    /^dial tcp \S+: (operation was canceled|i\/o timeout)$/,
  );
};

const byName: Operation = async (place) => {
  const port = place.targets.tcp.split(":")[1];
  const c = await place.net.Dial("tcp", `${hostName}.:${port}`);
  await tell(c, { do: "echo" });
  await echoes(place, c, 1);
  await c.Close();
};

// Plain clients connect to a listener of ours, all at once.
const listen: Operation = async (place) => {
  const { net, random } = place;
  const l = await net.Listen("tcp", "127.0.0.1:0");
  const port = Number(l.Addr().String().split(":")[1]);
  const times = 1 + random.below(4);
  const orders = { do: "call", port, times, seed: random.uint32(), bytes: random.below(32 * kib) } as const;
  const called = answered(place, orders);
  const serving: Promise<void>[] = [];
  for (let i = 0; i < times; i++) serving.push(serveEcho(place, await l.AcceptTCP()));
  await Promise.all(serving);
  same(await called, "ok", "what the callers saw");
  await l.Close();
};

async function serveEcho({ net, counts }: Place, c: TCPConn): Promise<void> {
  const bytes = await net.io.Copy(c, c);
  counts.bytes += 2 * bytes;
  await c.CloseWrite();
  await c.Close();
}

const deadlines: Operation = async (place) => {
  const { net, random } = place;
  const c = await order(place, { do: "echo" });
  const b = new Uint8Array(16);
  c.SetReadDeadline(Date.now() + random.below(shortMs));
  if (!isTimeout(await failed(c.Read(b), "Read beyond its deadline"))) throw new Error("that was no timeout");
  c.SetReadDeadline(null);
  await echoes(place, c, 1);
  c.SetWriteDeadline(1000); // long over
  await failsLike(c.Write(b), /^write tcp \S+: i\/o timeout$/);
  c.SetWriteDeadline(null);
  await echoes(place, c, 1);
  await c.Close();
  const l = await net.Listen("tcp", "127.0.0.1:0");
  l.SetDeadline(Date.now() + random.below(shortMs));
  await failsLike(l.Accept(), /^accept tcp \S+: i\/o timeout$/);
  await l.Close();
};

// A call that waits ends when its connection is closed.
const closedMeanwhile: Operation = async (place) => {
  const c = await order(place, { do: "echo" });
  const reading = failsLike(c.Read(new Uint8Array(1)), /^read tcp \S+: use of closed network connection$/);
  await c.Close();
  await reading;
};

const file: Operation = async (place) => {
  const c = await order(place, { do: "echo" });
  await echoes(place, c, 1); // or the duplicate would get what is on its way
  const f = await c.File();
  await c.Close();
  const again = (await place.net.FileConn(f)) as TCPConn;
  await f.Close();
  await echoes(place, again, 2);
  await again.CloseWrite();
  await ends(place, again);
  await again.Close();
};

const listenerFile: Operation = async (place) => {
  const { net } = place;
  const l = await net.Listen("tcp", "127.0.0.1:0");
  const f = await l.File();
  await l.Close();
  const again = await net.FileListener(f);
  await f.Close();
  const [c, s] = await Promise.all([net.Dial("tcp", again.Addr().String()), again.Accept()]);
  const seed = place.random.uint32();
  await Promise.all([write(place, c, seed, kib), read(place, s, seed, kib)]);
  await Promise.all([c.Close(), s.Close(), again.Close()]);
};

// The target's own Unix socket.
const unixTarget: Operation = async (place) => {
  const seed = place.random.uint32();
  const bytes = place.random.below(64 * kib);
  const c = await place.net.Dial("unix", place.targets.unix);
  await tell(c, { do: "sink" });
  await write(place, c, seed, bytes);
  await c.CloseWrite();
  same(text(await place.net.io.ReadAll(c)), hashOf(seed, bytes), "what came over the Unix socket");
  await c.Close();
};

/** tcpOperations are all of them by name, with how often one is taken. */
export const tcpOperations: Readonly<Record<string, readonly [weight: number, operation: Operation]>> = {
  echo: [8, echo],
  up: [3, up],
  down: [3, down],
  "both ways": [3, bothWays],
  "slow reader": [2, slowReader],
  "target ends first": [3, targetEndsFirst],
  "write and close": [3, writeAndClose],
  reset: [2, reset],
  "is reset": [2, isReset],
  refused: [2, refused],
  "dial timeout": [2, dialTimeout],
  "dial aborted": [1, dialAborted],
  "by name": [2, byName],
  listen: [4, listen],
  deadlines: [3, deadlines],
  "closed meanwhile": [2, closedMeanwhile],
  file: [2, file],
  "listener file": [1, listenerFile],
  "unix target": [2, unixTarget],
};
