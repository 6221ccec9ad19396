// netFD is Go's network descriptor of a connection that carries bytes; listenFD is the one of a listener.

import {
  Descriptor,
  type Duplicate,
  duplicateOf,
  type Sock,
  streamError,
  untilClosed,
} from "./descriptor.js";
import { freshValue, withCount } from "./errorvalue.js";
import { goError } from "./goerror.js";
import { EOF } from "./io.js";
import { limitError, withSignal } from "./limit.js";
import { Lock } from "./lock.js";
import { type Addr, ErrClosed, type Time } from "./net.js";
import { detailOf, isLost, withDetail } from "./pieces.js";
import { Deadline } from "./wire/deadline.js";
import { PiecesError } from "./wire/errors.js";
import type { Session } from "./wire/session.js";
import type { Stream } from "./wire/stream.js";

/** netFD is one connected socket. */
export class netFD extends Descriptor {
  /** Read fills b with what is there, at least one byte; EOF at the end. */
  async Read(b: Uint8Array, signal?: AbortSignal): Promise<number> {
    const release = await this.enter(this.readLock, signal);
    try {
      if (b.length === 0) {
        this.mustBeOpen();
        return 0;
      }
      const n = await this.receive(b, signal);
      if (n === 0) {
        throw EOF;
      }
      return n;
    } catch (err) {
      throw streamError(err, "read", signal);
    } finally {
      release();
    }
  }

  /** Write hands all of b to the session; an error says in n how much of it. */
  async Write(b: Uint8Array, signal?: AbortSignal): Promise<number> {
    const release = await this.enter(this.writeLock, signal);
    try {
      return await this.stream.write(b, withSignal(this.writeDeadline, signal));
    } catch (err) {
      const { n } = err as { n?: number };
      throw withCount(streamError(err, "write", signal), n ?? 0);
    } finally {
      release();
    }
  }

  /**
   * Close closes; calls that wait end with ErrClosed. What was written arrives, except that a connection closed with data
   * unread is reset, as by a kernel: the far end must not believe that all of it was read (RFC 1122, 4.2.2.13).
   */
  override Close(): void {
    this.mustBeOpen();
    if (this.stream.readableBytes > 0) {
      reset(this.session, this.stream);
    }
    this.stream.close();
  }

  protected receive(b: Uint8Array, signal?: AbortSignal): Promise<number> {
    return this.stream.read(b, withSignal(this.readDeadline, signal));
  }
}

// reset has stream's socket reset its connection when it is closed.
function reset(session: Session, stream: Stream): void {
  session.call("linger", [0], stream).catch(() => {}); // the session is over: so is the connection
}

/** Incoming is a connection that a listener was given. */
export interface Incoming extends Sock {
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

  constructor({ session, stream }: Sock, net: string, laddr: Addr) {
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

  // A listener ends when it is closed, by its program or with its session; the error's detail tells which.
  #ended(): Error {
    const { failure } = this.#stream;
    if (this.#closed || failure === null) {
      return ErrClosed;
    }
    const err = goError(new PiecesError(failure), "accept4");
    return isLost(err) ? withDetail(freshValue(ErrClosed), detailOf(err)) : err;
  }

  // The gateway may accept what is asked for now, and as many ahead as were taken before: a program that accepts
  // once gets one connection, a server never waits for a round trip.
  #grant(): void {
    this.#stream.grant(this.#taken + 1 + Math.min(this.#taken, this.#session.limits.acceptAhead - 1));
  }

  /** dup has the gateway duplicate the descriptor. */
  async dup(): Promise<Duplicate> {
    if (this.closed) {
      throw ErrClosed;
    }
    return duplicateOf({ session: this.#session, stream: this.#stream });
  }

  /** name is what the listener is called as a file, "tcp:192.0.2.1:80->". */
  get name(): string {
    return `${this.net}:${this.laddr.String()}->`;
  }

  /** set has the gateway change a setting of this listener; it holds for what is done later. */
  set(op: string, ...args: readonly unknown[]): void {
    if (!this.closed) {
      this.#session.call(op, args, this.#stream).catch(() => {}); // the session is over: so is the listener
    }
  }

  SetDeadline(t: Time | null): void {
    if (this.closed) {
      throw ErrClosed;
    }
    this.#deadline.set(t);
  }

  /**
   * Close stops listening, and resolves when the gateway has done so. Connections that nobody accepted are reset, as the
   * kernel does.
   */
  Close(): Promise<void> {
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
    return untilClosed({ session: this.#session, stream: this.#stream });
  }
}
