// What every operation of the soak works with.

import { createHash } from "node:crypto";
import type { Net } from "../src/connect.js";
import type { Conn } from "../src/net.js";
import type { TCPConn } from "../src/tcpsock.js";
import { equal } from "../src/testing/checking.js";
import type { Random } from "../src/testing/wirerandom.js";
import { hashOf, pieces } from "./data.js";
import type { Order, Targets } from "./orders.js";

/** Place is a client, and where its targets are. */
export interface Place {
  readonly net: Net;
  readonly random: Random;
  readonly targets: Targets;
  readonly counts: Counts;
  /** id gives a name that nobody else has. */
  id(): string;
}

/** Counts is what is counted besides the operations. */
export interface Counts {
  /** bytes moved, both directions together. */
  bytes: number;
  /** datagrams that were sent and that an answer was waited for, and those of them that none came to. */
  datagrams: number;
  lostDatagrams: number;
}

/** Operation does something and checks what it sees. It throws at everything that it did not expect. */
export type Operation = (place: Place) => Promise<void>;

const bufferBytes = 64 * 1024;

export const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s);
export const text = (b: Uint8Array): string => new TextDecoder().decode(b);

/** order dials a target and tells it what to do. */
export async function order({ net, targets }: Place, what: Order): Promise<TCPConn> {
  const c = await net.Dial("tcp", targets.tcp);
  await tell(c, what);
  return c;
}

/** tell is for a connection that was made otherwise. */
export async function tell(c: Conn, what: Order): Promise<void> {
  await c.Write(utf8(`${JSON.stringify(what)}\n`));
}

/** answered is everything a target has to say, as text. */
export async function answered(place: Place, what: Order): Promise<string> {
  const c = await order(place, what);
  const said = text(await place.net.io.ReadAll(c));
  await c.Close();
  return said;
}

/** write writes the bytes of a seed. */
export async function write({ counts }: Place, c: Conn, seed: number, bytes: number): Promise<void> {
  for (const piece of pieces(seed, bytes)) {
    equal(await c.Write(piece), piece.length, "Write");
    counts.bytes += piece.length;
  }
}

/** read reads so many bytes and compares them with those of the seed; pause may hold it up between two reads. */
export async function read(
  { net, counts }: Place,
  c: Conn,
  seed: number,
  bytes: number,
  pause?: () => Promise<void>,
): Promise<void> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(Math.min(bufferBytes, bytes));
  for (let left = bytes; left > 0; ) {
    const n = await c.Read(buffer.subarray(0, Math.min(buffer.length, left))).catch((err: unknown) => {
      if (err === net.io.EOF) throw new Error(`mismatch: the end came ${left} bytes of ${bytes} early`);
      throw err;
    });
    hash.update(buffer.subarray(0, n));
    left -= n;
    counts.bytes += n;
    await pause?.();
  }
  same(hash.digest("hex"), hashOf(seed, bytes), `the hash of ${bytes} bytes`);
}

/** same throws an error that says "mismatch" if got is not want. */
export function same<T>(got: T, want: T, what: string): void {
  if (got !== want) throw new Error(`mismatch of ${what}: got ${got}, want ${want}`);
}

/** ends reads the end of a connection, and nothing before it. */
export async function ends({ net }: Place, c: Conn): Promise<void> {
  const err = await failed(c.Read(new Uint8Array(1)), "Read at the end");
  same(err, net.io.EOF, "the end");
}

/** failed is the error that a call must fail with. */
export async function failed(call: Promise<unknown>, what: string): Promise<Error> {
  const result = await call.then(
    (value) => ({ value }),
    (err: Error) => err,
  );
  if (result instanceof Error) return result;
  throw new Error(`${what} did not fail: ${result.value}`);
}

/** failsLike is for a call that must fail with such a text. */
export async function failsLike(call: Promise<unknown>, pattern: RegExp): Promise<void> {
  const err = await failed(call, String(pattern));
  if (!pattern.test(err.message))
    throw new Error(`mismatch of an error: got "${err.message}", want ${pattern}`, { cause: err });
}

/** isTimeout says whether a deadline passed. */
export function isTimeout(err: unknown): boolean {
  return (err as { Timeout?: () => boolean }).Timeout?.() === true;
}
