// Pipe: two connections joined in memory.

import { brand, withCount } from "./errorvalue.js";
import { chunks, EOF, ErrClosedPipe } from "./io.js";
import { type Addr, type Conn, OpError, type Time } from "./net.js";
import { ErrDeadlineExceeded } from "./os.js";
import { Deadline } from "./wire/deadline.js";

const network = "pipe";

// Two loops that hand bytes to each other run in microtasks alone, and no timer, event or close would come between
// them. So after this many calls one ends only in the next turn of the event loop.
const callsPerTurn = 256;
let calls = 0;

class PipeAddr implements Addr {
  static {
    brand(PipeAddr, "PipeAddr");
  }

  Network(): string {
    return network;
  }

  String(): string {
    return network;
  }

  toString(): string {
    return this.String();
  }
}

// A call that waits for one at the other end. b is what it still has to fill, or to hand over; n is what it did.
interface Call {
  b: Uint8Array;
  n: number;
  readonly resolve: (n: number) => void;
  readonly reject: (err: Error) => void;
}

// The calls of Read, or of Write, that wait at one end, in their order, with the deadline they have in common.
class Queue {
  readonly #op: string;
  readonly #deadline = new Deadline();
  readonly #calls: Call[] = [];
  #unsubscribe: (() => void) | undefined;

  constructor(op: string) {
    this.#op = op;
  }

  get first(): Call | undefined {
    return this.#calls[0];
  }

  setDeadline(t: Time | null): void {
    this.#deadline.set(t);
  }

  // The error of a call that comes after the deadline, or null.
  late(): Error | null {
    return this.#deadline.expired ? this.#timeout() : null;
  }

  add(b: Uint8Array): Promise<number> {
    this.#unsubscribe ??= this.#deadline.subscribe(() => this.fail(() => this.#timeout()));
    return new Promise((resolve, reject) => this.#calls.push({ b, n: 0, resolve, reject }));
  }

  // The first call is done.
  shift(): void {
    const call = this.#calls.shift();
    call?.resolve(call.n);
    if (this.#calls.length === 0) {
      this.#leave();
    }
  }

  fail(err: () => Error): void {
    this.#leave();
    for (const call of this.#calls.splice(0)) {
      call.reject(withCount(err(), call.n));
    }
  }

  #timeout(): Error {
    return new OpError({ Op: this.#op, Net: network, Err: ErrDeadlineExceeded });
  }

  #leave(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }
}

class pipe implements Conn {
  readonly #reads = new Queue("read");
  readonly #writes = new Queue("write");
  #peer: pipe = this;
  #closed = false;

  static join(): [pipe, pipe] {
    const a = new pipe();
    const b = new pipe();
    a.#peer = b;
    b.#peer = a;
    return [a, b];
  }

  async Read(b: Uint8Array): Promise<number> {
    if (this.#closed) {
      throw ErrClosedPipe;
    }
    if (this.#peer.#closed) {
      throw EOF;
    }
    const late = this.#reads.late();
    if (late !== null) {
      throw late;
    }
    const read = this.#reads.add(b);
    meet(this.#peer.#writes, this.#reads);
    return fairly(read);
  }

  async Write(b: Uint8Array): Promise<number> {
    if (this.#closed || this.#peer.#closed) {
      throw ErrClosedPipe;
    }
    const late = this.#writes.late();
    if (late !== null) {
      throw withCount(late, 0);
    }
    const write = this.#writes.add(b);
    meet(this.#writes, this.#peer.#reads);
    return fairly(write);
  }

  async Close(): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#reads.fail(() => ErrClosedPipe);
    this.#writes.fail(() => ErrClosedPipe);
    this.#peer.#reads.fail(() => EOF);
    this.#peer.#writes.fail(() => ErrClosedPipe);
  }

  LocalAddr(): Addr {
    return new PipeAddr();
  }

  RemoteAddr(): Addr {
    return new PipeAddr();
  }

  SetDeadline(t: Time | null): void {
    this.SetReadDeadline(t);
    this.SetWriteDeadline(t);
  }

  SetReadDeadline(t: Time | null): void {
    this.#checkOpen();
    this.#reads.setDeadline(t);
  }

  SetWriteDeadline(t: Time | null): void {
    this.#checkOpen();
    this.#writes.setDeadline(t);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return chunks(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.Close();
  }

  #checkOpen(): void {
    if (this.#closed || this.#peer.#closed) {
      throw ErrClosedPipe;
    }
  }
}

// Hands over bytes while there is a Write at one end and a Read at the other. A Read is done with what it gets, be it
// nothing; a Write when all its bytes are taken. One of no bytes waits for a Read all the same.
function meet(writes: Queue, reads: Queue): void {
  for (let w = writes.first, r = reads.first; w && r; w = writes.first, r = reads.first) {
    const n = Math.min(w.b.length, r.b.length);
    r.b.set(w.b.subarray(0, n));
    r.n = n;
    reads.shift();
    w.b = w.b.subarray(n);
    w.n += n;
    if (w.b.length === 0) {
      writes.shift();
    }
  }
}

async function fairly(call: Promise<number>): Promise<number> {
  const n = await call;
  calls++;
  if (calls % callsPerTurn === 0) {
    await new Promise<void>((resolve) => setTimeout(resolve));
  }
  return n;
}

/**
 * Pipe returns the two ends of a connection in memory. It needs no gateway.
 *
 * Nothing is buffered: a Write waits until Reads at the other end have taken all its bytes. After Close of either end
 * the closed one fails with io.ErrClosedPipe; at the other, Read rejects with io.EOF and all else with
 * io.ErrClosedPipe. Both addresses are "pipe".
 */
export function Pipe(): [Conn, Conn] {
  return pipe.join();
}
