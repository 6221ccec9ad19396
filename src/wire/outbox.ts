// Outbox puts frames into messages: small ones are copied together, large ones go alone, and nothing is
// delayed: what was added in one turn leaves at its end.

import { maxMessageBytes } from "./frame.js";
import type { Transport } from "./transport.js";

const usualMessageBytes = 64 * 1024;

export class Outbox {
  readonly #transport: Transport;
  readonly #messageBytes: number;
  #scratch: Uint8Array | null = null; // for messages that the transport copies
  #frames: Uint8Array[] = [];
  #bytes = 0;
  // handedOver is how many bytes the transport was given.
  handedOver = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.#messageBytes = transport.messageBytes ?? usualMessageBytes;
  }

  // pendingBytes is what was added and not yet handed to the transport.
  get pendingBytes(): number {
    return this.#bytes;
  }

  // isFull says that what is pending is a message that gains nothing from growing.
  get isFull(): boolean {
    return this.#bytes >= this.#messageBytes;
  }

  add(frame: Uint8Array): void {
    if (frame.length >= this.#messageBytes) {
      this.flush();
      this.#send(frame);
      return;
    }
    if (this.#bytes + frame.length > maxMessageBytes) this.flush();
    this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  flush(): void {
    const frames = this.#frames;
    if (frames.length === 0) return;
    if (frames.length === 1) this.#send(frames[0] as Uint8Array);
    else {
      const message = this.#memory(this.#bytes);
      let at = 0;
      for (const frame of frames) {
        message.set(frame, at);
        at += frame.length;
      }
      this.#send(message);
    }
    this.#frames = [];
    this.#bytes = 0;
  }

  #send(message: Uint8Array): void {
    this.handedOver += message.length;
    this.#transport.send(message);
  }

  // #memory gives n bytes for a message.
  #memory(n: number): Uint8Array {
    if (this.#transport.memory !== "copied") return new Uint8Array(n);
    if (this.#scratch === null || this.#scratch.length < n) {
      this.#scratch = new Uint8Array(Math.min(maxMessageBytes, n * 2));
    }
    return this.#scratch.subarray(0, n);
  }
}
