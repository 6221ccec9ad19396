// What a stream received and nobody has taken yet: bytes, and packets between them, in the order in which they came.

import { ByteQueue } from "./bytequeue.js";

// packetCostBytes is the memory of a packet that waits, besides its bytes.
export const packetCostBytes = 128;

// A smaller packet is copied to where the others are: as an object of its own it would take many times its bytes, and credit
// counts bytes.
const smallBytes = 512;

// Packets that were taken leave room at the front of the list. It is given back when it is this many, and half of the list;
// sooner when nothing waits, for a stream may be idle for long.
const maxTaken = 1024;
const maxTakenIdle = 32;

export class Incoming {
  readonly #bytes = new ByteQueue();
  // A small packet is the length of it, and its bytes are in #small. #before counts the bytes that came before each, ever.
  #packets: (Uint8Array | number)[] = [];
  #before: number[] = [];
  #taken = 0; // of the front of both lists
  readonly #small = new ByteQueue();
  // next is the next packet, if it was looked at.
  #next: Uint8Array | null = null;
  #packetBytes = 0;
  #pushedBytes = 0; // that came, and that were taken
  #takenBytes = 0;

  // length is the number of bytes that wait, in packets or not.
  get length(): number {
    return this.#bytes.length + this.#packetBytes;
  }

  get packetBytes(): number {
    return this.#packetBytes;
  }

  // packetCost is what the packets that wait count as.
  get packetCost(): number {
    return this.#packetBytes + (this.#packets.length - this.#taken) * packetCostBytes;
  }

  // bytesHere is how many bytes come before the next packet.
  get bytesHere(): number {
    const before = this.#before[this.#taken];
    return before === undefined ? this.#bytes.length : before - this.#takenBytes;
  }

  push(bytes: Uint8Array): void {
    this.#bytes.push(bytes);
    this.#pushedBytes += bytes.length;
  }

  // read moves bytes into b, up to the next packet, and gives their number.
  read(b: Uint8Array): number {
    const here = this.bytesHere;
    const n = this.#bytes.read(b.length > here ? b.subarray(0, here) : b);
    this.#takenBytes += n;
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
    this.#takenBytes += n;
  }

  // pushPacket keeps the payload of a packet, or a copy if it is small or a small part of a large buffer.
  pushPacket(payload: Uint8Array): void {
    this.#before.push(this.#pushedBytes);
    this.#packetBytes += payload.length;
    if (payload.length < smallBytes) {
      this.#packets.push(payload.length);
      this.#small.push(payload);
    } else {
      const isMost = payload.length * 2 >= payload.buffer.byteLength;
      this.#packets.push(isMost ? payload : new Uint8Array(payload));
    }
  }

  // peekPacket gives the next packet if no bytes come before it.
  peekPacket(): Uint8Array | null {
    const before = this.#before[this.#taken];
    if (before !== this.#takenBytes) return null;
    this.#next ??= this.#first();
    return this.#next;
  }

  // takePacket takes the next packet.
  takePacket(): Uint8Array | null {
    if (this.#taken === this.#packets.length) return null;
    const packet = this.#next ?? this.#first();
    this.#next = null;
    this.#packetBytes -= packet.length;
    this.#packets[this.#taken++] = 0; // let go of it
    const most = this.#taken === this.#packets.length ? maxTakenIdle : maxTaken;
    if (this.#taken > most && this.#taken * 2 > this.#packets.length) {
      this.#packets = this.#packets.slice(this.#taken);
      this.#before = this.#before.slice(this.#taken);
      this.#taken = 0;
    }
    return packet;
  }

  #first(): Uint8Array {
    const packet = this.#packets[this.#taken] as Uint8Array | number;
    if (typeof packet !== "number") return packet;
    const payload = new Uint8Array(packet);
    this.#small.read(payload);
    return payload;
  }

  clear(): void {
    this.#bytes.clear();
    this.#small.clear();
    this.#packets = [];
    this.#before = [];
    this.#taken = 0;
    this.#next = null;
    this.#packetBytes = 0;
    this.#takenBytes = this.#pushedBytes;
  }
}
