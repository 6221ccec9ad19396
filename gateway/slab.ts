// Slab is the memory that a session's sockets read into, so that a large read becomes a frame without
// a copy. The frames of one block all belong to one session: what they pin is bounded by what that session
// may keep, and a client that acknowledges what it has not received spoils its own data. Small reads are copied out
// and pin nothing. What the client has is read into again: fresh memory costs as much as the read itself.

import { dataPrefixBytes } from "../src/wire/frame.js";

const blockBytes = 256 * 1024 + dataPrefixBytes;
const leastRoom = 64 * 1024; // a read shorter than this for lack of room costs a system call too many
const copyBelow = 16 * 1024;
const mostFree = 16; // blocks: as much as a session may have under way
const idleMs = 1000; // after which unused memory is let go of

interface Block {
  readonly memory: Uint8Array;
  used: number;
  frames: number; // in it that are not given back
}

export class Slab {
  #current: Block | null = null;
  #free: Block[] = [];
  readonly #blocks = new WeakMap<ArrayBufferLike, Block>();
  #timer: NodeJS.Timeout | undefined;
  #wasUsed = false;

  // room is where the next frame goes: its first dataPrefixBytes are for the prefix. It is valid until take.
  room(): Uint8Array {
    let block = this.#current;
    if (block === null || blockBytes - block.used < leastRoom) {
      block = this.#free.pop() ?? this.#fresh();
      this.#current = block;
    }
    return block.memory.subarray(block.used);
  }

  #fresh(): Block {
    const memory = new Uint8Array(Buffer.allocUnsafeSlow(blockBytes).buffer);
    const block = { memory, used: 0, frames: 0 };
    this.#blocks.set(memory.buffer, block);
    return block;
  }

  // take gives the frame that was made in room, with n bytes of payload.
  take(room: Uint8Array, n: number): Uint8Array {
    const frame = room.subarray(0, dataPrefixBytes + n);
    this.#wasUsed = true;
    this.#timer ??= setTimeout(() => this.#idle(), idleMs).unref();
    if (n < copyBelow) return frame.slice();
    const block = this.#current as Block;
    block.used += frame.length;
    block.frames++;
    return frame;
  }

  // give takes a frame back that nobody looks at any more. One that was copied is left alone.
  give(frame: Uint8Array): void {
    const block = this.#blocks.get(frame.buffer);
    if (block === undefined || --block.frames > 0) return;
    block.used = 0;
    if (block !== this.#current && this.#free.length < mostFree) this.#free.push(block);
  }

  #idle(): void {
    this.#timer = undefined;
    if (!this.#wasUsed) return this.release();
    this.#wasUsed = false;
    this.#timer = setTimeout(() => this.#idle(), idleMs).unref();
  }

  // release lets go of the memory; frames that still stand in it keep their block alive.
  release(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#current = null;
    this.#free = [];
  }
}
