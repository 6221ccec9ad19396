// Greeting waits for HELLO on a link that belongs to no session yet (gateway): whoever called may want a new session or
// an old one.

import { closeCode, maxReasonChars, SessionError, WireError } from "./errors.js";
import { type Frame, frameType } from "./frame.js";
import { type Hello, parseHello } from "./handshake.js";
import { Line, type LineOwner } from "./line.js";
import type { Transport } from "./transport.js";

export interface GreetingOptions {
  readonly helloMs: number;
  // onHello takes the line over: it gives it to a session, or calls refuse.
  onHello(greeting: Greeting, line: Line, said: Hello): void;
  // onOver is told that nobody took the line over. It comes once, after refuse too.
  onOver(reason: SessionError): void;
}

export class Greeting implements LineOwner {
  readonly #options: GreetingOptions;
  readonly #line: Line;
  readonly #timer: number;
  #isOver = false;

  constructor(transport: Transport, options: GreetingOptions) {
    this.#options = options;
    this.#line = new Line(transport, this);
    this.#timer = setTimeout(() => this.refuse(closeCode.helloTimeout, "no answer in time"), options.helloMs);
  }

  // refuse turns the caller away.
  refuse(code: number, reason: string, cause?: unknown): void {
    if (this.#isOver) return;
    try {
      this.#line.send([frameType.goodbye, code, reason.slice(0, maxReasonChars)]);
      this.#line.transport.close(code, reason);
    } catch {
      // The link cannot even be closed: it gets nothing more from us.
    }
    this.#end(new SessionError(code, reason, cause));
  }

  #end(reason: SessionError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#options.onOver(reason);
  }

  frame(line: Line, frame: Frame): boolean {
    if (this.#isOver) return false;
    if (frame[0] !== frameType.hello) throw new WireError("unexpected frame");
    this.#options.onHello(this, line, parseHello(frame));
    if (line.owner === this) return false;
    clearTimeout(this.#timer);
    return true;
  }

  message(): void {}

  failed(_: Line, err: unknown): void {
    if (err instanceof WireError) return this.refuse(closeCode.protocol, err.reason);
    this.refuse(closeCode.internal, "internal error", err);
  }

  drained(): void {}

  ended(_: Line, code: number, reason: string): void {
    this.#end(new SessionError(code, reason));
  }
}
