// Replay numbers the frames of one direction and keeps them until the peer says that it has them. It never throws
// a kept frame away: when it is full its owner stops making frames (docs/protocol.md, part 9).
//
//   acknowledged ... | kept, on the link ... | kept, not yet on this link ... |
//                    firstSeq                next                             nextSeq

import { WireError } from "./errors.js";

// FrameOwner takes the memory of frames back.
export interface FrameOwner {
  freed?(frame: Uint8Array): void;
}

interface Kept {
  readonly frame: Uint8Array;
  readonly cost: number; // as counted in dataBytes; 0 for a control frame
  readonly owner: FrameOwner | undefined;
}

// What a kept frame costs besides its payload, about: without it, 4 MiB of one-byte frames would be 800 MiB.
export const frameCostBytes = 192;

export class Replay {
  #kept: Kept[] = [];
  #head = 0; // kept before this index are acknowledged
  #firstSeq = 1; // the number of #kept[#head]
  #next = 1; // the number of the frame to put on the link next
  #highest = 0; // of the frames that were put on any link
  #dataBytes = 0;
  #controlBytes = 0;

  // nextSeq is the number that the next frame gets.
  get nextSeq(): number {
    return this.#firstSeq + this.#kept.length - this.#head;
  }

  // acknowledged is the number of the last frame that the peer has.
  get acknowledged(): number {
    return this.#firstSeq - 1;
  }

  // highest is the number of the last frame that ever was put on a link.
  get highest(): number {
    return this.#highest;
  }

  // unsent is how many kept frames are not on the present link.
  get unsent(): number {
    return this.nextSeq - this.#next;
  }

  // dataBytes and controlBytes are what is kept now: frames of DATA with frameCostBytes for each, and the others.
  get dataBytes(): number {
    return this.#dataBytes;
  }

  get controlBytes(): number {
    return this.#controlBytes;
  }

  // keep takes a frame that is about to be sent; payload is the number of bytes of DATA in it.
  keep(frame: Uint8Array, payload: number, owner?: FrameOwner): void {
    const cost = payload > 0 ? payload + frameCostBytes : 0;
    this.#kept.push({ frame, cost, owner });
    if (cost > 0) this.#dataBytes += cost;
    else this.#controlBytes += frame.length;
  }

  // next gives the next frame to put on the link, null when all of them are there.
  next(): Uint8Array | null {
    const kept = this.#kept[this.#head + this.#next - this.#firstSeq];
    if (kept === undefined) return null;
    this.#highest = Math.max(this.#highest, this.#next);
    this.#next++;
    return kept.frame;
  }

  // rewind begins a new link: next goes on behind seq, the last frame that the peer has.
  rewind(seq: number): void {
    this.#next = seq + 1;
  }

  // acknowledge lets go of every frame up to seq. A number that was never sent, or is below the last one
  // acknowledged, throws WireError.
  // If areFree, the frames go back to their owners: the link does not look at their memory any more.
  acknowledge(seq: number, areFree = false): void {
    if (seq < this.#firstSeq - 1 || seq >= this.nextSeq) throw new WireError("bad ack");
    while (this.#firstSeq <= seq) {
      const kept = this.#kept[this.#head] as Kept;
      this.#kept[this.#head] = undefined as unknown as Kept;
      this.#head++;
      this.#firstSeq++;
      if (kept.cost > 0) {
        this.#dataBytes -= kept.cost;
        if (areFree) kept.owner?.freed?.(kept.frame);
      } else this.#controlBytes -= kept.frame.length;
    }
    this.#next = Math.max(this.#next, this.#firstSeq);
    if (this.#head === this.#kept.length || this.#head >= compactAt) {
      this.#kept = this.#kept.slice(this.#head);
      this.#head = 0;
    }
  }

  // neverSent gives the frames that were put on no link at all.
  neverSent(): Uint8Array[] {
    const from = this.#head + Math.max(0, this.#highest + 1 - this.#firstSeq);
    return this.#kept.slice(from).map((kept) => kept.frame);
  }

  // clear drops everything: the session is over.
  clear(): void {
    this.#firstSeq = this.nextSeq;
    this.#next = this.#firstSeq;
    this.#kept = [];
    this.#head = 0;
    this.#dataBytes = 0;
    this.#controlBytes = 0;
  }
}

const compactAt = 1024;
