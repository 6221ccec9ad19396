// What a stream received and nobody has taken yet: bytes, and packets between them, in the order in which they came.

import { ByteQueue } from "./bytequeue.js";

// packetCostBytes is the memory of a packet that waits, besides its bytes.
export const packetCostBytes = 128;

export class Incoming {
  readonly #bytes = new ByteQueue();
  // before counts the bytes that came before the packet, ever.
  #packets: { before: number; payload: Uint8Array }[] = [];
  #packetBytes = 0;
  #pushed = 0; // bytes that came, and that were taken
  #taken = 0;

  // length is the number of bytes that wait, in packets or not.
  get length(): number {
    return this.#bytes.length + this.#packetBytes;
  }

  get packetBytes(): number {
    return this.#packetBytes;
  }

  // packetCost is the memory of all packets that wait.
  get packetCost(): number {
    return this.#packetBytes + this.#packets.length * packetCostBytes;
  }

  // bytesHere is how many bytes come before the next packet.
  get bytesHere(): number {
    const next = this.#packets[0];
    return next === undefined ? this.#bytes.length : next.before - this.#taken;
  }

  push(bytes: Uint8Array): void {
    this.#bytes.push(bytes);
    this.#pushed += bytes.length;
  }

  // read moves bytes into b, up to the next packet, and gives their number.
  read(b: Uint8Array): number {
    const here = this.bytesHere;
    const n = this.#bytes.read(b.length > here ? b.subarray(0, here) : b);
    this.#taken += n;
    return n;
  }

  // peek gives bytes up to the next packet without taking them; drop takes n of them.
  peek(): Uint8Array | null {
    const here = this.bytesHere;
    if (here === 0) return null;
    const chunk = this.#bytes.peek();
    return chunk !== null && chunk.length > here ? chunk.subarray(0, here) : chunk;
  }

  drop(n: number): void {
    this.#bytes.drop(n);
    this.#taken += n;
  }

  // pushPacket keeps the payload of a packet: itself, or a copy if it is a small part of a large buffer.
  pushPacket(payload: Uint8Array): void {
    const own = payload.length * 2 >= payload.buffer.byteLength ? payload : new Uint8Array(payload);
    this.#packets.push({ before: this.#pushed, payload: own });
    this.#packetBytes += own.length;
  }

  // peekPacket gives the next packet if no bytes come before it.
  peekPacket(): Uint8Array | null {
    const next = this.#packets[0];
    return next !== undefined && next.before === this.#taken ? next.payload : null;
  }

  // takePacket takes the next packet.
  takePacket(): Uint8Array | null {
    const next = this.#packets.shift();
    if (next === undefined) return null;
    this.#packetBytes -= next.payload.length;
    return next.payload;
  }

  clear(): void {
    this.#bytes.clear();
    this.#packets = [];
    this.#packetBytes = 0;
    this.#taken = this.#pushed;
  }
}
