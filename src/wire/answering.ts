// Answering is the gateway's side of a session: what the client asks, OPEN, CANCEL and CALL, goes to the handler, and its
// answers into frames.

import { Allowance } from "./allowance.js";
import { closeCode, PiecesError, tooLarge, WireError } from "./errors.js";
import { encode, type Frame, frameType } from "./frame.js";
import type { Sender } from "./sender.js";
import type { Handler, Session } from "./session.js";
import type { Streams } from "./streams.js";

const itemsAtOnce = 32; // of a result, in one RETURN frame
const maxResultBytes = 64 * 1024; // the largest DNS message

export class Answering {
  readonly #session: Session;
  readonly #sender: Sender;
  readonly #streams: Streams;
  readonly #handler: Handler | undefined;
  readonly #cancels: Allowance;
  #running = 0; // calls

  constructor(session: Session, sender: Sender, streams: Streams, handler: Handler | undefined) {
    this.#session = session;
    this.#sender = sender;
    this.#streams = streams;
    this.#handler = handler;
    this.#cancels = new Allowance(session.limits.cancels, session.limits.cancelsPerSecond);
  }

  // handle takes a request.
  handle(frame: Frame): void {
    switch (frame[0]) {
      case frameType.open:
        return this.#handleOpen(frame[1], frame[2], frame[3]);
      case frameType.cancel: {
        if (!this.#cancels.take()) return this.#session.end(closeCode.tooMuch, "cancels", true);
        const stream = this.#streams.asked(frame[1]);
        if (stream?.state === "opening") stream.onCancel?.(); // else it crossed the answer
        return;
      }
      case frameType.call:
        return this.#handleCall(frame[1], frame[2], frame[3], frame[4]);
      default:
        throw new WireError("unexpected frame");
    }
  }

  #handleOpen(id: number, op: string, args: readonly unknown[]): void {
    const stream = this.#streams.opened(id, "opening");
    if (this.#streams.size >= this.#session.limits.streams) {
      return stream.refused(["errno", "socket", "EMFILE", ["limit", "streams"]], null, null);
    }
    this.#streams.add(stream);
    (this.#handler as Handler).open(stream, op, args);
  }

  #handleCall(call: number, id: number, op: string, args: readonly unknown[]): void {
    const session = this.#session;
    const stream = id === 0 ? null : (this.#streams.lookUp(id) ?? null);
    if (id !== 0 && (stream === null || stream.peerClosed)) throw new WireError("unknown id");
    if (stream?.state === "opening") throw new WireError("unexpected frame");
    if (this.#running >= session.limits.calls) {
      return session.control([frameType.throw, call, ["errno", op, "EAGAIN", ["limit", "calls"]]]);
    }
    this.#running++;
    const refuse = (err: unknown) => {
      this.#running--;
      if (err instanceof PiecesError) {
        return session.control([frameType.throw, call, err.pieces], [frameType.throw, call, tooLarge]);
      }
      session.broken(err);
    };
    const answer = (result: readonly unknown[]) => {
      this.#running--;
      try {
        this.#answer(call, result);
      } catch (err) {
        session.broken(err);
      }
    };
    try {
      const result = (this.#handler as Handler).call(stream, op, args);
      if (result instanceof Promise) result.then(answer, refuse);
      else answer(result);
    } catch (err) {
      refuse(err);
    }
  }

  // #answer sends a result, in several RETURN frames if it is long. If it is larger than maxResultBytes, or has
  // an item that does not fit a frame, the answer is EMSGSIZE; if too many answers wait for their ACK, ENOBUFS.
  #answer(call: number, result: readonly unknown[]): void {
    const { limits } = this.#session;
    const frames: Uint8Array[] = [];
    let bytes = 0;
    let at = 0;
    let items = itemsAtOnce;
    do {
      const more = at + items < result.length;
      try {
        const frame = encode([frameType.return, call, result.slice(at, at + items), more]);
        frames.push(frame);
        bytes += frame.length;
        at += items;
      } catch (err) {
        if (!(err instanceof RangeError)) throw err;
        if (items === 1) return this.#session.control([frameType.throw, call, tooLarge]);
        items = Math.ceil(items / 2);
      }
      if (bytes > maxResultBytes) return this.#session.control([frameType.throw, call, tooLarge]);
    } while (at < result.length);
    if (frames.length > 1 && this.#sender.controlBytes + bytes > limits.controlBytes / 2) {
      const full = ["errno", "", "ENOBUFS", ["limit", "controlBytes"]] as const;
      return this.#session.control([frameType.throw, call, full]);
    }
    for (const frame of frames) this.#sender.queue(frame);
  }
}
