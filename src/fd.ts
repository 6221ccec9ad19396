// netFD is Go's network descriptor, done with a stream of the session: locks so that calls go one after the other,
// deadlines, and errors of the wire turned into the ones the kernel would have given.

import { withCount } from "./errors.js";
import { EOF } from "./io.js";
import { limitError, withSignal } from "./limit.js";
import { goError } from "./link.js";
import { Lock } from "./lock.js";
import { type Addr, ErrClosed, type Time } from "./net.js";
import { syscallError } from "./pieces.js";
import { Deadline } from "./wire/deadline.js";
import { ClosedError, DeadlineError, PiecesError } from "./wire/errors.js";
import type { Session } from "./wire/session.js";
import type { Stream } from "./wire/stream.js";

/** netFD is one connected socket. */
export class netFD {
  readonly net: string;
  readonly laddr: Addr;
  readonly raddr: Addr;
  readonly #stream: Stream;
  readonly #session: Session;
  readonly #readLock = new Lock();
  readonly #writeLock = new Lock();
  readonly #readDeadline = new Deadline();
  readonly #writeDeadline = new Deadline();

  constructor(session: Session, stream: Stream, net: string, laddr: Addr, raddr: Addr) {
    this.#session = session;
    this.#stream = stream;
    this.net = net;
    this.laddr = laddr;
    this.raddr = raddr;
  }

  /** closed reports whether Close was called. */
  get closed(): boolean {
    return this.#stream.state === "closing" || this.#stream.state === "closed";
  }

  /** Read fills b with what is there, at least one byte; EOF at the end. */
  async Read(b: Uint8Array, signal?: AbortSignal): Promise<number> {
    const release = await this.#enter(this.#readLock, signal);
    try {
      if (b.length === 0) {
        if (this.closed) {
          throw ErrClosed;
        }
        return 0;
      }
      const n = await this.#stream.read(b, withSignal(this.#readDeadline, signal));
      if (n === 0) {
        throw EOF;
      }
      return n;
    } catch (err) {
      throw this.#error(err, "read", signal);
    } finally {
      release();
    }
  }

  /** Write hands all of b to the session; an error says in n how much of it. */
  async Write(b: Uint8Array, signal?: AbortSignal): Promise<number> {
    const release = await this.#enter(this.#writeLock, signal);
    try {
      return await this.#stream.write(b, withSignal(this.#writeDeadline, signal));
    } catch (err) {
      const { n } = err as { n?: number };
      throw withCount(this.#error(err, "write", signal), n ?? 0);
    } finally {
      release();
    }
  }

  /**
   * Close closes; calls that wait end with ErrClosed. What was written arrives, except that a connection closed with data
   * unread is reset, as by a kernel: the far end must not believe that all of it was read (RFC 1122, 4.2.2.13).
   */
  Close(): void {
    if (this.closed) {
      throw ErrClosed;
    }
    if (this.#stream.readableBytes > 0) {
      reset(this.#session, this.#stream);
    }
    this.#stream.close();
  }

  /** CloseWrite ends our direction after what was written. */
  CloseWrite(): void {
    if (this.closed) {
      throw ErrClosed;
    }
    if (this.#stream.state === "failed") {
      throw syscallError("shutdown", "ENOTCONN");
    }
    this.#stream.fin();
  }

  /** File would duplicate the descriptor. */
  File(): never {
    throw this.closed ? ErrClosed : syscallError("dup", "EOPNOTSUPP");
  }

  /** CloseRead ends the other direction; what has come in can still be read. */
  CloseRead(): Promise<void> {
    return this.call("shutdown", "closeRead");
  }

  /** call has the gateway do op with this socket. syscall is the call that would fail. */
  async call(syscall: string, op: string, ...args: readonly unknown[]): Promise<void> {
    if (this.closed) {
      throw ErrClosed;
    }
    try {
      await this.#session.call(op, args, this.#stream);
    } catch (err) {
      throw this.#error(err, syscall);
    }
  }

  SetDeadline(t: Time | null): void {
    this.SetReadDeadline(t);
    this.SetWriteDeadline(t);
  }

  SetReadDeadline(t: Time | null): void {
    if (this.closed) {
      throw ErrClosed;
    }
    this.#readDeadline.set(t);
  }

  SetWriteDeadline(t: Time | null): void {
    if (this.closed) {
      throw ErrClosed;
    }
    this.#writeDeadline.set(t);
  }

  // A call whose turn does not come before its signal is aborted has done nothing.
  async #enter(lock: Lock, signal?: AbortSignal): Promise<() => void> {
    try {
      return await lock.acquire(signal);
    } catch (err) {
      throw this.#error(err, "", signal);
    }
  }

  #error(err: unknown, call: string, signal?: AbortSignal): Error {
    return streamError(err, call, signal);
  }
}

// reset has stream's socket reset its connection when it is closed.
function reset(session: Session, stream: Stream): void {
  session.call("linger", [0], stream).catch(() => {}); // the session is over: so is the connection
}

/** streamError is an error of a stream as Go has it. */
export function streamError(err: unknown, call: string, signal?: AbortSignal): Error {
  if (err instanceof ClosedError) {
    return ErrClosed;
  }
  if (err instanceof DeadlineError) {
    return limitError(signal);
  }
  return err instanceof PiecesError ? goError(new PiecesError(renamed(err, call)), call) : goError(err, call);
}

// What failed at the gateway's socket may have been its write; here it is the call that is told about it.
function renamed(err: PiecesError, call: string): PiecesError["pieces"] {
  const [kind, , ...rest] = err.pieces;
  return kind === "errno" && (call === "read" || call === "write") ? [kind, call, ...rest] : err.pieces;
}

/** Incoming is a connection that a listener was given. */
export interface Incoming {
  readonly stream: Stream;
  readonly session: Session;
  readonly result: readonly unknown[];
}

/** listenFD is one listening socket. */
export class listenFD {
  readonly net: string;
  readonly laddr: Addr;
  readonly #session: Session;
  readonly #stream: Stream;
  readonly #lock = new Lock();
  readonly #deadline = new Deadline();
  readonly #queue: Incoming[] = [];
  #taken = 0;
  #wake: (() => void) | null = null;
  #closed = false;

  constructor(session: Session, stream: Stream, net: string, laddr: Addr) {
    this.#session = session;
    this.#stream = stream;
    this.net = net;
    this.laddr = laddr;
    stream.becomeListener((child, result) => {
      this.#queue.push({ stream: child, session, result });
      this.#wake?.();
    });
    stream.onReadable = () => this.#wake?.();
    stream.onLost = () => this.#wake?.();
  }

  /** closed reports whether Close was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Accept waits for a connection. */
  async Accept(signal?: AbortSignal): Promise<Incoming> {
    const release = await this.#lock.acquire(signal).catch((err: unknown) => {
      throw streamError(err, "accept4", signal);
    });
    try {
      const limit = withSignal(this.#deadline, signal);
      for (;;) {
        if (this.#stream.state !== "open" || this.#stream.peerClosed) {
          throw this.#ended();
        }
        if (limit.expired) {
          throw limitError(signal);
        }
        this.#grant();
        const incoming = this.#queue.shift();
        if (incoming !== undefined) {
          this.#taken++;
          return incoming;
        }
        await new Promise<void>((resolve) => {
          let unsubscribe = (): void => {};
          const done = (): void => {
            this.#wake = null;
            unsubscribe();
            resolve();
          };
          this.#wake = done;
          unsubscribe = limit.subscribe(done);
        });
      }
    } finally {
      release();
    }
  }

  // A listener that was not closed ended with its session; the reason is in the error.
  #ended(): Error {
    const { failure } = this.#stream;
    return this.#closed || failure === null ? ErrClosed : goError(new PiecesError(failure), "accept4");
  }

  // The gateway may accept what is asked for now, and as many ahead as were taken before: a program that accepts
  // once gets one connection, a server never waits for a round trip.
  #grant(): void {
    this.#stream.grant(this.#taken + 1 + Math.min(this.#taken, this.#session.limits.acceptAhead - 1));
  }

  /** File would duplicate the descriptor. */
  File(): never {
    throw this.closed ? ErrClosed : syscallError("dup", "EOPNOTSUPP");
  }

  SetDeadline(t: Time | null): void {
    if (this.closed) {
      throw ErrClosed;
    }
    this.#deadline.set(t);
  }

  /** Close stops listening. Connections that nobody accepted are reset, as the kernel does. */
  Close(): void {
    if (this.closed) {
      throw ErrClosed;
    }
    this.#closed = true;
    for (const { stream, session } of this.#queue.splice(0)) {
      reset(session, stream);
      stream.close();
    }
    this.#stream.close();
    this.#wake?.();
  }
}
