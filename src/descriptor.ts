// What every descriptor has, whatever its socket carries: addresses, locks, deadlines, options, and the errors of the
// wire as the ones that the kernel would have given.

import { goError } from "./goerror.js";
import { limitError } from "./limit.js";
import { Lock } from "./lock.js";
import { type Addr, ErrClosed, type Time } from "./net.js";
import { syscallError } from "./pieces.js";
import { Deadline } from "./wire/deadline.js";
import { ClosedError, DeadlineError, PiecesError } from "./wire/errors.js";
import type { Session } from "./wire/session.js";
import type { Stream } from "./wire/stream.js";

/** Sock is a stream of a session: an open socket. */
export interface Sock {
  readonly session: Session;
  readonly stream: Stream;
}

/** Duplicate is a file number of a session. */
export interface Duplicate {
  readonly session: Session;
  readonly number: number;
}

/** Descriptor is the common part of netFD, unixFD and packetFD. */
export class Descriptor {
  readonly net: string;
  readonly laddr: Addr;
  /** raddr is the other end, or null if there is no fixed one. */
  readonly raddr: Addr | null;
  protected readonly stream: Stream;
  protected readonly session: Session;
  protected readonly readLock = new Lock();
  protected readonly writeLock = new Lock();
  protected readonly readDeadline = new Deadline();
  protected readonly writeDeadline = new Deadline();

  constructor({ session, stream }: Sock, net: string, laddr: Addr, raddr: Addr | null) {
    this.session = session;
    this.stream = stream;
    this.net = net;
    this.laddr = laddr;
    this.raddr = raddr;
  }

  /** closed reports whether Close was called. */
  get closed(): boolean {
    return this.stream.state === "closing" || this.stream.state === "closed";
  }

  /** name is what the socket is called as a file, "tcp:192.0.2.1:80->192.0.2.2:4711". */
  get name(): string {
    return `${this.net}:${this.laddr.String()}->${this.raddr?.String() ?? ""}`;
  }

  /** Close closes; calls that wait end with ErrClosed. */
  Close(): Promise<void> | void {
    this.mustBeOpen();
    this.stream.close();
  }

  /** CloseWrite ends our direction after what was written. */
  CloseWrite(): void {
    this.mustBeOpen();
    if (this.stream.state === "failed") {
      throw syscallError("shutdown", "ENOTCONN");
    }
    this.stream.fin();
  }

  /** CloseRead ends the other direction; what has come in can still be read. */
  async CloseRead(): Promise<void> {
    await this.call("shutdown", "closeRead");
  }

  /** dup has the gateway duplicate the descriptor. */
  async dup(): Promise<Duplicate> {
    this.mustBeOpen();
    return duplicateOf({ session: this.session, stream: this.stream });
  }

  /** call has the gateway do op with this socket. syscall is the call that would fail. */
  async call(syscall: string, op: string, ...args: readonly unknown[]): Promise<readonly unknown[]> {
    this.mustBeOpen();
    try {
      return await this.session.call(op, args, this.stream);
    } catch (err) {
      throw streamError(err, syscall);
    }
  }

  SetDeadline(t: Time | null): void {
    this.SetReadDeadline(t);
    this.SetWriteDeadline(t);
  }

  SetReadDeadline(t: Time | null): void {
    this.mustBeOpen();
    this.readDeadline.set(t);
  }

  SetWriteDeadline(t: Time | null): void {
    this.mustBeOpen();
    this.writeDeadline.set(t);
  }

  protected mustBeOpen(): void {
    if (this.closed) {
      throw ErrClosed;
    }
  }

  // A call whose turn does not come before its signal is aborted has done nothing.
  protected async enter(lock: Lock, signal?: AbortSignal): Promise<() => void> {
    try {
      return await lock.acquire(signal);
    } catch (err) {
      throw streamError(err, "", signal);
    }
  }
}

/** duplicateOf has the gateway duplicate the descriptor of a stream. */
export async function duplicateOf({ session, stream }: Sock): Promise<Duplicate> {
  try {
    const [number] = await session.call("file", [], stream);
    return { session, number: Number(number) };
  } catch (err) {
    throw streamError(err, "fcntl");
  }
}

/** untilClosed waits until the gateway has closed the socket of a stream that was closed here, or the session is over. */
export function untilClosed({ session, stream }: Sock): Promise<void> {
  return new Promise((resolve) => {
    if (stream.state === "closed" || session.state === "over") {
      return resolve();
    }
    stream.onClosed = resolve;
    stream.onLost = resolve;
  });
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

// The calls by which data moves, and by which Go duplicates a descriptor. What failed at the gateway's socket may have been
// its write; here it is the call that is told about it.
const moving: ReadonlySet<string> = new Set([
  "read",
  "recvfrom",
  "recvmsg",
  "write",
  "sendto",
  "sendmsg",
  "fcntl",
]);

function renamed(err: PiecesError, call: string): PiecesError["pieces"] {
  const [kind, , ...rest] = err.pieces;
  return kind === "errno" && moving.has(call) ? [kind, call, ...rest] : err.pieces;
}
