// Sock pumps the bytes of a TCP socket.

import { again, type Socket } from "../native/index.js";
import { dataPrefixBytes } from "../src/wire/frame.js";
import type { Stream } from "../src/wire/stream.js";
import { Pump, type PumpTimes } from "./pump.js";
import type { Slab } from "./slab.js";

const nothing = new Uint8Array(0);

export class Sock extends Pump {
  readonly #slab: Slab;

  constructor(socket: Socket, stream: Stream, slab: Slab, times: PumpTimes) {
    super(socket, stream, times);
    this.#slab = slab;
  }

  protected receive(max: number): Uint8Array | 0 | typeof again {
    const room = this.#slab.room();
    const n = this.socket.read(room, dataPrefixBytes, Math.min(max, room.length - dataPrefixBytes));
    return n > 0 ? this.#slab.take(room, n) : (n as 0 | typeof again);
  }

  freed(frame: Uint8Array): void {
    this.#slab.give(frame);
  }

  // Sending nothing sends nothing, but a pending error comes back.
  protected override ask(): void {
    this.socket.write(nothing, 0, 0);
  }

  protected transmit(): boolean {
    const { stream, socket } = this;
    for (let chunk = stream.peek(); chunk !== null; chunk = stream.peek()) {
      const n = socket.write(chunk, 0, chunk.length);
      if (n === again) return false;
      stream.drop(n);
    }
    return true;
  }
}
