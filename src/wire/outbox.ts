// Outbox puts frames into messages: small ones are copied together, large ones go alone, and nothing is
// delayed: what was added in one turn leaves at its end.

import { maxMessageBytes } from "./frame.js";
import type { Transport } from "./transport.js";

const aloneFrom = 64 * 1024; // a copy costs more than a message from here

export class Outbox {
  readonly #transport: Transport;
  #frames: Uint8Array[] = [];
  #bytes = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  // pendingBytes is what was added and not yet handed to the transport.
  get pendingBytes(): number {
    return this.#bytes;
  }

  add(frame: Uint8Array): void {
    if (frame.length >= aloneFrom) {
      this.flush();
      this.#transport.send(frame);
      return;
    }
    if (this.#bytes + frame.length > maxMessageBytes) this.flush();
    this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  flush(): void {
    const frames = this.#frames;
    if (frames.length === 0) return;
    if (frames.length === 1) this.#transport.send(frames[0] as Uint8Array);
    else {
      const message = new Uint8Array(this.#bytes);
      let at = 0;
      for (const frame of frames) {
        message.set(frame, at);
        at += frame.length;
      }
      this.#transport.send(message);
    }
    this.#frames = [];
    this.#bytes = 0;
  }
}
