// Slab is the memory that a session's sockets read into, so that a large read becomes a frame without
// a copy. The frames of one slab all belong to one session: what they pin is bounded by what that session
// may keep. Small reads are copied out and pin nothing.

import { dataPrefixBytes } from "../src/wire/frame.js";

const slabBytes = 256 * 1024 + dataPrefixBytes;
const leastRoom = 64 * 1024; // a read shorter than this for lack of room costs a system call too many
const copyBelow = 16 * 1024;
const idleMs = 1000;

export class Slab {
  #memory: Uint8Array | null = null;
  #used = 0;
  #timer: NodeJS.Timeout | undefined;

  // room is where the next frame goes: its first dataPrefixBytes are for the prefix. It is valid until take.
  room(): Uint8Array {
    if (this.#memory === null || slabBytes - this.#used < leastRoom) {
      this.#memory = new Uint8Array(Buffer.allocUnsafeSlow(slabBytes).buffer);
      this.#used = 0;
    }
    return this.#memory.subarray(this.#used);
  }

  // take gives the frame that was made in room, with n bytes of payload.
  take(room: Uint8Array, n: number): Uint8Array {
    const frame = room.subarray(0, dataPrefixBytes + n);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#memory = null;
    }, idleMs).unref();
    if (n < copyBelow) return frame.slice();
    this.#used += frame.length;
    return frame;
  }

  // release lets go of the memory; frames that still stand in it keep their part alive.
  release(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#memory = null;
  }
}
