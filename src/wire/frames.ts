// Frames lends memory for large frames, and lends it again when the peer has them: a fresh array is filled with zeros,
// touches new pages and is work for the collector, which in a page costs as much as sending.

import { dataPrefixBytes } from "./frame.js";

const stepBytes = 16 * 1024; // payloads are rounded up to a multiple of this; smaller ones are not worth it
const mostFreeBytes = 1024 * 1024; // as much as a window
const idleMs = 1000; // after which what is not used is let go of

export class Frames {
  readonly #free = new Map<number, Uint8Array[]>(); // by size
  readonly #lent = new WeakSet<ArrayBufferLike>();
  #freeBytes = 0;
  #timer: number | undefined;

  // take gives memory for a frame of n bytes. It is not cleared.
  take(n: number): Uint8Array {
    if (n < stepBytes) return new Uint8Array(n);
    const size = Math.ceil((n - dataPrefixBytes) / stepBytes) * stepBytes + dataPrefixBytes;
    let memory = this.#free.get(size)?.pop();
    if (memory === undefined) {
      memory = new Uint8Array(size);
      this.#lent.add(memory.buffer);
    } else this.#freeBytes -= size;
    return n === size ? memory : memory.subarray(0, n);
  }

  // give takes a frame back that nobody looks at any more. One that was not lent is left alone.
  give(frame: Uint8Array): void {
    const { buffer } = frame;
    if (!this.#lent.has(buffer) || this.#freeBytes + buffer.byteLength > mostFreeBytes) return;
    const size = buffer.byteLength;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [new Uint8Array(buffer)]);
    else free.push(new Uint8Array(buffer));
    this.#freeBytes += size;
    this.#timer ??= setTimeout(() => this.clear(), idleMs);
  }

  // clear lets go of the memory that is not lent.
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#free.clear();
    this.#freeBytes = 0;
  }
}
