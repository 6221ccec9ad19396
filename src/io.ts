// Package io as far as package net needs it.

import { type GoError, same, sentinel, withCount } from "./errorvalue.js";

/** EOF is what Read rejects with when there is no more to read. It is one object and is never wrapped. */
export const EOF = sentinel("io.EOF", "EOF");

/** ErrUnexpectedEOF says that the end came in the middle of something of a fixed size. */
export const ErrUnexpectedEOF = sentinel("io.ErrUnexpectedEOF", "unexpected EOF");

/** ErrClosedPipe says that a pipe was read or written after its Close. */
export const ErrClosedPipe = sentinel("io.ErrClosedPipe", "io: read/write on closed pipe");

/** ErrShortBuffer says that a buffer is smaller than what it was to take. */
export const ErrShortBuffer = sentinel("io.ErrShortBuffer", "short buffer");

/** ErrShortWrite says that a Write took fewer bytes than it was given and reported no error. */
export const ErrShortWrite = sentinel("io.ErrShortWrite", "short write");

/** ErrNoProgress says that a Reader returned nothing, again and again. */
export const ErrNoProgress = sentinel("io.ErrNoProgress", "multiple Read calls return no data or error");

/** Reader is what can be read from. */
export interface Reader {
  /**
   * Read fills b from its start with what is there, up to its length, waits if there is nothing yet, and resolves
   * to the number of bytes. At the end it rejects with {@link EOF}. An error comes without bytes: what was there
   * before it is read first.
   */
  Read(b: Uint8Array): Promise<number>;
}

/** Writer is what can be written to. */
export interface Writer {
  /**
   * Write writes all of b and resolves to its length; b may be used again from then on. If it fails, the error
   * carries in `n` how many bytes were written nevertheless.
   */
  Write(b: Uint8Array): Promise<number>;
}

// How much Copy moves at a time, and the largest chunk of an iteration.
const copyBytes = 32 * 1024;
const chunkBytes = 64 * 1024;

// ReadAll begins with this much and doubles.
const firstBytes = 512;

// A Reader that returns 0 this often in a row is given up, as in Go's package bufio.
const maxEmptyReads = 100;

/**
 * ReadAtLeast reads from r into b until at least min bytes are there, and resolves to their number.
 *
 * If the end comes before the first byte, it rejects with EOF; later, but before min, with ErrUnexpectedEOF, whose `n`
 * says how many bytes are in b. Any other error carries `n` too. If min is more than b holds: ErrShortBuffer.
 */
export async function ReadAtLeast(r: Reader, b: Uint8Array, min: number): Promise<number> {
  if (b.length < min) {
    throw ErrShortBuffer;
  }
  let n = 0;
  let empty = 0;
  while (n < min) {
    const [got, err] = await attempt(r, b.subarray(n));
    n += got;
    if (same(err, EOF)) {
      throw n === 0 ? EOF : withCount(ErrUnexpectedEOF, n);
    }
    empty = got === 0 ? empty + 1 : 0;
    if (err !== null || empty === maxEmptyReads) {
      throw counted(err ?? ErrNoProgress, n);
    }
  }
  return n;
}

/** ReadFull fills all of b from r. Its errors are those of {@link ReadAtLeast}. */
export function ReadFull(r: Reader, b: Uint8Array): Promise<number> {
  return ReadAtLeast(r, b, b.length);
}

/**
 * ReadAll reads r to its end and resolves to all of it. If it fails before the end, the error carries what was read
 * in `results`.
 */
export async function ReadAll(r: Reader): Promise<Uint8Array> {
  let all = new Uint8Array(firstBytes);
  let n = 0;
  for (;;) {
    if (n === all.length) {
      const larger = new Uint8Array(2 * n);
      larger.set(all);
      all = larger;
    }
    const [got, err] = await attempt(r, all.subarray(n));
    n += got;
    if (same(err, EOF)) {
      return all.slice(0, n);
    }
    if (err !== null) {
      throw withResults(err, all.slice(0, n));
    }
  }
}

/**
 * Copy reads src to its end, writes everything to dst, and resolves to the number of bytes written. An error of
 * either side carries that number in `n`.
 */
export async function Copy(dst: Writer, src: Reader): Promise<number> {
  const b = new Uint8Array(copyBytes);
  let written = 0;
  for (;;) {
    const [got, err] = await attempt(src, b);
    if (got > 0) {
      const [done, failed] = await put(dst, b.subarray(0, got));
      written += done;
      if (failed !== null || done < got) {
        throw counted(failed ?? ErrShortWrite, written);
      }
    }
    if (same(err, EOF)) {
      return written;
    }
    if (err !== null) {
      throw counted(err, written);
    }
  }
}

/**
 * chunks iterates over what r has to read, as it comes, until the end. Each chunk is memory of its own. Leaving
 * the loop early closes nothing; an error other than the end is thrown into the loop.
 */
export async function* chunks(
  r: Reader,
  size: number = chunkBytes,
): AsyncGenerator<Uint8Array, void, undefined> {
  let b = new Uint8Array(size);
  for (;;) {
    const [n, err] = await attempt(r, b);
    if (2 * n > size) {
      // Well filled: handed over as it is.
      yield b.subarray(0, n);
      b = new Uint8Array(size);
    } else if (n > 0) {
      yield b.slice(0, n);
    }
    if (same(err, EOF)) {
      return;
    }
    if (err !== null) {
      throw err;
    }
  }
}

// Go's pair of a count and an error. An `n` in the error would be somebody else's: Read has none.
async function attempt(r: Reader, b: Uint8Array): Promise<[n: number, err: unknown]> {
  try {
    return [await r.Read(b), null];
  } catch (err) {
    return [0, err ?? nothing()];
  }
}

// The same for Write, which has one.
async function put(w: Writer, b: Uint8Array): Promise<[n: number, err: unknown]> {
  try {
    return [await w.Write(b), null];
  } catch (err) {
    const n = (err as GoError | null)?.n ?? 0;
    return [Math.min(n, b.length), err ?? nothing()];
  }
}

function nothing(): Error {
  return new TypeError("rejected without an error");
}

function counted(err: unknown, n: number): unknown {
  return err instanceof Error ? withCount(err, n) : err;
}

function withResults(err: unknown, results: Uint8Array): unknown {
  if (!(err instanceof Error)) {
    return err;
  }
  const own = withCount(err, results.length);
  return Object.isExtensible(own) ? Object.assign(own, { results }) : own;
}
