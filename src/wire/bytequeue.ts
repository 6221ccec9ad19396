// ByteQueue holds received bytes until somebody takes them. Its memory stays near the number of bytes
// in it, however they were cut: small pieces are gathered in blocks (a piece is never an object each),
// and a piece that is a small part of a larger message is copied, so that it does not pin the message.

const gatherBelow = 4096;
const firstBlockBytes = 256;
const maxBlockBytes = 8192;

export class ByteQueue {
  #chunks: Uint8Array[] = [];
  #length = 0;
  // The last chunk is a block with this much room behind it, in the same memory.
  #room = 0;
  #blockBytes = firstBlockBytes;

  // length is the number of bytes in the queue.
  get length(): number {
    return this.#length;
  }

  // push appends bytes. It keeps b itself if b is large and most of its memory; else it copies.
  push(b: Uint8Array): void {
    this.#length += b.length;
    if (b.length >= gatherBelow) {
      this.#room = 0;
      this.#chunks.push(b.length * 2 >= b.buffer.byteLength ? b : new Uint8Array(b));
      return;
    }
    const fits = Math.min(this.#room, b.length);
    if (fits > 0) {
      const last = this.#chunks.length - 1;
      const block = this.#chunks[last] as Uint8Array;
      const grown = new Uint8Array(block.buffer, block.byteOffset, block.length + fits);
      grown.set(b.subarray(0, fits), block.length);
      this.#chunks[last] = grown;
      this.#room -= fits;
    }
    const rest = b.length - fits;
    if (rest > 0) {
      const size = Math.max(this.#blockBytes, rest);
      const block = new Uint8Array(new ArrayBuffer(size), 0, rest);
      block.set(b.subarray(fits));
      this.#chunks.push(block);
      this.#room = size - rest;
      this.#blockBytes = Math.min(maxBlockBytes, this.#blockBytes * 2);
    }
  }

  // read moves up to into.length bytes into into and returns how many.
  read(into: Uint8Array): number {
    let n = 0;
    while (n < into.length && this.#chunks.length > 0) {
      const chunk = this.#chunks[0] as Uint8Array;
      const part = Math.min(chunk.length, into.length - n);
      into.set(part === chunk.length ? chunk : chunk.subarray(0, part), n);
      n += part;
      this.drop(part);
    }
    return n;
  }

  // peek gives the first bytes as they lie in memory, or null if there are none. They stay in the queue.
  peek(): Uint8Array | null {
    return this.#chunks[0] ?? null;
  }

  // drop takes the first n bytes away; they must lie within what peek gave. A view that peek gave stays good.
  drop(n: number): void {
    const chunk = this.#chunks[0] as Uint8Array;
    this.#length -= n;
    if (n < chunk.length) {
      const rest = chunk.subarray(n);
      // What is left of a large message lets go of it. Blocks are small enough to be kept whole.
      const pinned = rest.buffer.byteLength > maxBlockBytes && rest.length * 4 < rest.buffer.byteLength;
      this.#chunks[0] = pinned ? new Uint8Array(rest) : rest;
      return;
    }
    this.#chunks.shift();
    if (this.#chunks.length === 0) {
      this.#room = 0;
      this.#blockBytes = firstBlockBytes;
    }
  }

  // clear drops everything and returns how many bytes that were.
  clear(): number {
    const n = this.#length;
    this.#chunks = [];
    this.#length = 0;
    this.#room = 0;
    this.#blockBytes = firstBlockBytes;
    return n;
  }
}
