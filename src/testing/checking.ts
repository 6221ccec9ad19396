// What the suites of tests say things with. Nothing here knows a test runner.

import type { NetError } from "../net.js";

/** aLongTimeAgo is a deadline that is long over. */
export const aLongTimeAgo = new Date(1000);

const defaultLimitMs = 60_000;

/** Made is what a check is run on; stop closes whatever was made. */
export interface Made {
  stop(): Promise<void>;
}

/** Background lets work go on that ends, in whatever way, at the latest when what was made is stopped. */
export type Background = (work: Promise<unknown>) => void;

/** Check is one check of a suite; run rejects if what make makes does not pass it, or if it takes longer than limitMs. */
export interface Check<M extends Made> {
  readonly name: string;
  run(make: () => Promise<M>, limitMs?: number): Promise<void>;
}

/** check makes a Check. */
export function check<M extends Made>(
  name: string,
  body: (made: M, background: Background) => Promise<void>,
): Check<M> {
  return {
    name,
    async run(make, limitMs = defaultLimitMs) {
      const made = await make();
      const working: Promise<unknown>[] = [];
      const background: Background = (work) => {
        working.push(work.catch(() => undefined));
      };
      try {
        await within(limitMs, name, body(made, background));
      } finally {
        await within(limitMs, `${name}: stop`, made.stop());
        await within(limitMs, `${name}: calls that wait after stop`, Promise.all(working));
      }
    },
  };
}

/** failure is what call rejects with; what names the call if it does not. */
export async function failure(call: Promise<unknown>, what: string): Promise<unknown> {
  let result: unknown;
  try {
    result = await call;
  } catch (err) {
    return err;
  }
  throw new Error(`${what} = ${result}, want an error`);
}

/** isTimeout throws if err is no timeout, or has another count than n. */
export function isTimeout(err: unknown, n?: number): void {
  const e = err as Partial<NetError> | null;
  ok(e?.Timeout?.() === true && e.Temporary?.() === true, `got ${err}, want a timeout`);
  ok(typeof e?.Error?.() === "string", `${err} has no text`);
  if (n !== undefined) {
    equal(e?.n ?? 0, n, "the count in the error");
  }
}

/** equal throws if got is not want; what says of what. */
export function equal<T>(got: T, want: T, what: string): void {
  ok(got === want, `${what}: got ${got}, want ${want}`);
}

/** ok throws an error with that text if condition is false. */
export function ok(condition: boolean, otherwise: string): void {
  if (!condition) {
    throw new Error(otherwise);
  }
}

/** within is what work gives. It rejects if that takes longer than ms. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not done after ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** pass lets ms go by. */
export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** noise is bytes that look random, the same each time (xorshift, Marsaglia 2003). length is a multiple of 4. */
export function noise(length: number): Uint8Array {
  const words = new Uint32Array(length / Uint32Array.BYTES_PER_ELEMENT);
  let x = 0x9e3779b9;
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  return new Uint8Array(words.buffer);
}
