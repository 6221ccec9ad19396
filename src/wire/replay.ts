// Replay numbers the frames of one direction and keeps those that were sent until the peer says that it
// has them. It never throws a kept frame away: when it is full its owner stops making frames
// (docs/protocol.md, part 9).

import { WireError } from "./errors.js";

interface Kept {
  readonly frame: Uint8Array;
  readonly cost: number; // as counted in dataBytes; 0 for a control frame
}

// What a kept frame costs besides its payload, about: without it, 4 MiB of one-byte frames would be 800 MiB.
export const frameCostBytes = 192;

export class Replay {
  #kept: Kept[] = [];
  #head = 0; // kept before this index are acknowledged
  #firstSeq = 1; // the number of #kept[#head]
  #dataBytes = 0;
  #controlBytes = 0;

  // nextSeq is the number that the next frame gets.
  get nextSeq(): number {
    return this.#firstSeq + this.#kept.length - this.#head;
  }

  // dataBytes and controlBytes are what is kept now: frames of DATA with frameCostBytes for each, and the others.
  get dataBytes(): number {
    return this.#dataBytes;
  }

  get controlBytes(): number {
    return this.#controlBytes;
  }

  // keep takes a frame that is about to be sent; payload is the number of bytes of DATA in it.
  keep(frame: Uint8Array, payload: number): void {
    const cost = payload > 0 ? payload + frameCostBytes : 0;
    this.#kept.push({ frame, cost });
    if (cost > 0) this.#dataBytes += cost;
    else this.#controlBytes += frame.length;
  }

  // acknowledge lets go of every frame up to seq. A number that was never sent, or is below the last one
  // acknowledged, throws WireError.
  acknowledge(seq: number): void {
    if (seq < this.#firstSeq - 1 || seq >= this.nextSeq) throw new WireError("bad ack");
    while (this.#firstSeq <= seq) {
      const kept = this.#kept[this.#head] as Kept;
      this.#kept[this.#head] = undefined as unknown as Kept;
      this.#head++;
      this.#firstSeq++;
      if (kept.cost > 0) this.#dataBytes -= kept.cost;
      else this.#controlBytes -= kept.frame.length;
    }
    if (this.#head === this.#kept.length || this.#head >= compactAt) {
      this.#kept = this.#kept.slice(this.#head);
      this.#head = 0;
    }
  }

  // clear drops everything: the session is over.
  clear(): void {
    this.#firstSeq = this.nextSeq;
    this.#kept = [];
    this.#head = 0;
    this.#dataBytes = 0;
    this.#controlBytes = 0;
  }
}

const compactAt = 1024;
