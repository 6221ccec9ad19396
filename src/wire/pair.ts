// pair joins two Transports in memory, for tests and for both ends in one program. The link can be cut,
// can hold messages back, and can pretend to be full.

import type { Receiver, Transport } from "./transport.js";

export interface PairOptions {
  // defer runs a delivery later; the default is a microtask. Tests that must not starve timers give setImmediate.
  defer?: (run: () => void) => void;
}

export interface Pair {
  readonly a: PairTransport;
  readonly b: PairTransport;
  // cut ends the link at once: what was not delivered is lost, both sides hear 1006.
  cut(): void;
}

const brokenLink = 1006;

export function pair(options: PairOptions = {}): Pair {
  const defer = options.defer ?? queueMicrotask;
  const a = new PairTransport(defer);
  const b = new PairTransport(defer);
  a.peer = b;
  b.peer = a;
  return {
    a,
    b,
    cut() {
      a.ended(brokenLink, "cut");
      b.ended(brokenLink, "cut");
    },
  };
}

export class PairTransport implements Transport {
  receiver: Receiver | null = null;
  peer: PairTransport | null = null;
  // held stops deliveries from this side while true; release goes on with them.
  held = false;
  // onSend sees every message before it is queued; what it returns is delivered (null: nothing).
  onSend: ((message: Uint8Array) => Uint8Array | null) | null = null;
  readonly #defer: (run: () => void) => void;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #closing: { code: number; reason: string } | null = null;
  #over = false;
  #due = false;

  constructor(defer: (run: () => void) => void) {
    this.#defer = defer;
  }

  send(message: Uint8Array): void {
    if (this.#over || this.#closing !== null) return;
    const sent = this.onSend === null ? message : this.onSend(message);
    if (sent === null) return;
    this.#queue.push(sent);
    this.#queuedBytes += sent.length;
    this.#deliverLater();
  }

  bufferedBytes(): number {
    return this.#queuedBytes;
  }

  cork(): void {}

  uncork(): void {}

  release(): void {
    this.held = false;
    this.#deliverLater();
  }

  close(code: number, reason: string): void {
    if (this.#over || this.#closing !== null) return;
    this.receiver = null;
    this.#closing = { code, reason };
    this.#deliverLater();
  }

  terminate(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.close(brokenLink, "terminated");
  }

  ended(code: number, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    const receiver = this.receiver;
    this.receiver = null;
    receiver?.onClose(code, reason);
  }

  #deliverLater(): void {
    if (this.#due || this.held) return;
    this.#due = true;
    this.#defer(() => {
      this.#due = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const drained = this.#queue.length > 0;
    while (this.#queue.length > 0 && !this.held && !this.#over) {
      const message = this.#queue.shift() as Uint8Array;
      this.#queuedBytes -= message.length;
      this.peer?.receiver?.onMessage(message);
    }
    if (this.held || this.#over) return;
    if (this.#closing !== null) {
      const { code, reason } = this.#closing;
      this.#over = true;
      this.peer?.ended(code, reason);
    } else if (drained) this.receiver?.onDrain();
  }
}
