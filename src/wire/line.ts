// Line is one link of a session: a transport, the frames on their way to it, and who takes what it brings. A session has
// one line after the other; what a line brings carries its mark, so that nothing late is taken for something new.

import { type ControlFrame, decode, encode, type Frame } from "./frame.js";
import { Outbox } from "./outbox.js";
import type { Receiver, Transport } from "./transport.js";

// LineOwner takes what a line brings. The owner may change between two frames.
export interface LineOwner {
  // frame takes one frame; false leaves the rest of the message alone.
  frame(line: Line, frame: Frame): boolean;
  // message says that a message of so many bytes was taken.
  message(line: Line, bytes: number): void;
  // failed takes what taking a frame threw.
  failed(line: Line, err: unknown): void;
  // drained says that the transport's buffer went down.
  drained(line: Line): void;
  // ended says that the transport ended.
  ended(line: Line, code: number, reason: string): void;
}

export class Line implements Receiver {
  readonly transport: Transport;
  readonly outbox: Outbox;
  owner: LineOwner;
  // received is the number of the last numbered frame that came on this line, counted from what was said in the handshake.
  received = 0;

  constructor(transport: Transport, owner: LineOwner) {
    this.transport = transport;
    this.outbox = new Outbox(transport);
    this.owner = owner;
    transport.receiver = this;
  }

  // send sends a frame at once: the handshake and the last words.
  send(frame: ControlFrame): void {
    this.transport.send(encode(frame));
  }

  onMessage(message: Uint8Array): void {
    try {
      decode(message, (frame) => this.owner.frame(this, frame));
    } catch (err) {
      return this.owner.failed(this, err);
    }
    this.owner.message(this, message.length);
  }

  onDrain(): void {
    this.owner.drained(this);
  }

  onClose(code: number, reason: string): void {
    this.owner.ended(this, code, reason);
  }
}
