// Asking is the client's side of a session: what it asks of the gateway, OPEN and CALL, and the answers.

import { ClosedError, PiecesError, RefusedError, type SessionError, WireError } from "./errors.js";
import { encode, type Frame, frameType } from "./frame.js";
import type { Sender } from "./sender.js";
import type { Session } from "./session.js";
import type { Stream } from "./stream.js";
import type { Streams } from "./streams.js";
import { Turnstile } from "./turnstile.js";

const askedAtOnce = 256; // OPENs, and CALLs, that a client leaves unanswered; the rest waits on its side
const maxReturns = 256; // RETURN frames for one call that a client takes: 4 MiB at most

// Opening is an OPEN under way. answer settles once; after cancel it rejects, and a socket that was
// opened all the same is closed.
export interface Opening {
  readonly stream: Stream;
  readonly answer: Promise<readonly unknown[]>;
  // onRefused is told of a refusal that comes after all: it says how far the operation had got.
  cancel(onRefused?: (refused: RefusedError) => void): void;
}

// OnOpened is told of an answer before any frame of the stream is handled.
export type OnOpened = (stream: Stream, result: readonly unknown[]) => void;

interface Waiting {
  stream: Stream;
  frame: Uint8Array;
  hasLeft: boolean; // to the sender
  resolve: (result: readonly unknown[]) => void;
  reject: (err: Error) => void;
  canceled: boolean;
  onRefused: ((refused: RefusedError) => void) | undefined;
  onOpened: OnOpened | undefined;
}

interface Calling {
  parts: unknown[];
  returns: number;
  resolve: (result: readonly unknown[]) => void;
  reject: (err: Error) => void;
}

export class Asking {
  readonly #session: Session;
  readonly #sender: Sender;
  readonly #streams: Streams;
  readonly #openings = new Map<number, Waiting>();
  readonly #calls = new Map<number, Calling>();
  readonly #openGate = new Turnstile(askedAtOnce);
  readonly #callGate = new Turnstile(askedAtOnce);
  #nextCall = 1;

  constructor(session: Session, sender: Sender, streams: Streams) {
    this.#session = session;
    this.#sender = sender;
    this.#streams = streams;
  }

  open(op: string, args: readonly unknown[], onOpened?: OnOpened): Opening {
    const stream = this.#streams.open("opening");
    let cancel: Opening["cancel"] = () => {};
    const answer = new Promise<readonly unknown[]>((resolve, reject) => {
      if (this.#session.state === "over") return reject(this.#session.reason as SessionError);
      const waiting: Waiting = {
        stream,
        frame: encode([frameType.open, stream.id, op, args]),
        hasLeft: false,
        resolve,
        reject,
        canceled: false,
        onRefused: undefined,
        onOpened,
      };
      this.#streams.add(stream);
      this.#openings.set(stream.id, waiting);
      const withdraw = this.#openGate.enter(() => {
        waiting.hasLeft = true;
        this.#sender.queue(waiting.frame);
      });
      cancel = (onRefused) => {
        if (waiting.canceled || !this.#openings.has(stream.id)) return;
        waiting.canceled = true;
        waiting.onRefused = onRefused;
        if (withdraw()) {
          this.#openings.delete(stream.id);
          this.#streams.drop(stream);
        } else this.#session.control([frameType.cancel, stream.id]);
        reject(new PiecesError(["canceled"]));
      };
    });
    return { stream, answer, cancel: (onRefused) => cancel(onRefused) };
  }

  call(op: string, args: readonly unknown[], stream?: Stream): Promise<readonly unknown[]> {
    return new Promise((resolve, reject) => {
      if (this.#session.state === "over") return reject(this.#session.reason as SessionError);
      const call = this.#nextCall++;
      const bytes = encode([frameType.call, call, stream?.id ?? 0, op, args]);
      const calling: Calling = { parts: [], returns: 0, resolve, reject };
      this.#calls.set(call, calling);
      this.#callGate.enter(() => {
        if (stream === undefined || stream.state === "open" || stream.state === "failed") {
          return this.#sender.queue(bytes);
        }
        this.#calls.delete(call);
        reject(new ClosedError());
        this.#callGate.leave();
      });
    });
  }

  // handle takes an answer.
  handle(frame: Frame): void {
    switch (frame[0]) {
      case frameType.opened: {
        const waiting = this.#opening(frame[1]);
        waiting.stream.handleOpened();
        waiting.onOpened?.(waiting.stream, frame[2]);
        if (waiting.canceled) waiting.stream.close();
        else waiting.resolve(frame[2]);
        return;
      }
      case frameType.refused: {
        const waiting = this.#opening(frame[1]);
        this.#streams.drop(waiting.stream);
        const refused = new RefusedError(frame[2], frame[3], frame[4]);
        waiting.reject(refused);
        waiting.onRefused?.(refused);
        return;
      }
      case frameType.accepted:
        return this.#handleAccepted(frame[1], frame[2], frame[3]);
      case frameType.return: {
        const calling = this.#calling(frame[1], frame[3]);
        if (++calling.returns > maxReturns) throw new WireError("too large");
        calling.parts.push(...frame[2]);
        if (!frame[3]) calling.resolve(calling.parts);
        return;
      }
      case frameType.throw:
        return this.#calling(frame[1], false).reject(new PiecesError(frame[2]));
      case frameType.sent:
        return this.#streams.find(frame[1]).handleSent(frame[2], frame[3]);
      case frameType.fault:
        return this.#streams.find(frame[1]).handleFault(frame[2]);
      default:
        throw new WireError("unexpected frame");
    }
  }

  #opening(id: number): Waiting {
    const waiting = this.#openings.get(id);
    if (waiting === undefined) throw new WireError("unknown id");
    this.#openings.delete(id);
    this.#openGate.leave();
    return waiting;
  }

  #calling(call: number, more: boolean): Calling {
    const calling = this.#calls.get(call);
    if (calling === undefined) throw new WireError("unknown id");
    if (!more) {
      this.#calls.delete(call);
      this.#callGate.leave();
    }
    return calling;
  }

  #handleAccepted(listenerID: number, id: number, result: readonly unknown[]): void {
    const stream = this.#streams.opened(id, "open");
    const listener = this.#streams.find(listenerID);
    listener.handleAccepted();
    this.#streams.add(stream);
    if (listener.state === "open") listener.onAccepted?.(stream, result);
    else stream.close();
  }

  // stop lets nothing more out; clear then fails everything that waits for its answer. unsent has the frames that never
  // left: what was asked with them was not begun, and the error says so.
  stop(): void {
    this.#openGate.clear();
    this.#callGate.clear();
  }

  clear(reason: SessionError, unsent: ReadonlySet<Uint8Array>): void {
    for (const { frame, hasLeft, reject } of this.#openings.values()) {
      reject(hasLeft && !unsent.has(frame) ? reason : reason.beforeItLeft());
    }
    this.#openings.clear();
    for (const calling of this.#calls.values()) calling.reject(reason);
    this.#calls.clear();
  }
}
