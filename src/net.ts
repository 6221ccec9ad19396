// The interfaces of package net, its error types, and every sentence an error of it can say.

import { Canceled, DeadlineExceeded } from "./context.js";
import { brand, type GoError, markValue, same, sentinel } from "./errorvalue.js";
import type { Reader, Writer } from "./io.js";
import { SyscallError } from "./os.js";
import { Errno } from "./syscall.js";

/** Time is a point in time: a Date, or milliseconds since 1970. Where null may be given, it means none. */
export type Time = Date | number;

/** Addr is the address of an end point. */
export interface Addr {
  /** Network returns the name of the network, "tcp", "udp", "unix". */
  Network(): string;
  /** String returns the text form of the address, "192.0.2.1:25", "[2001:db8::1]:80". */
  String(): string;
}

/** Deadlines are the three methods that Conn and PacketConn have for ending a wait. */
export interface Deadlines {
  /**
   * SetDeadline sets both deadlines, of reading and of writing. They are absolute, apply to calls that wait already and
   * to all later ones, and can be moved at any time; null takes them away. A call that meets its deadline fails with
   * an error for which Timeout() is true; the connection stays usable. Throws if the connection is closed.
   */
  SetDeadline(t: Time | null): void;
  /** SetReadDeadline sets the deadline of reading. */
  SetReadDeadline(t: Time | null): void;
  /** SetWriteDeadline sets the deadline of writing. Part of the data may have gone out when it passes: see `n`. */
  SetWriteDeadline(t: Time | null): void;
}

/**
 * Conn is a connection that carries a stream of bytes. Several calls may be under way at once.
 *
 * Beyond Go, `for await` iterates over what comes in and ends normally at the end of the stream, and `await using`
 * closes the connection.
 */
export interface Conn extends Reader, Writer, Deadlines {
  /** Read fills b with what is there and resolves to the number of bytes; at the end it rejects with io.EOF. */
  Read(b: Uint8Array): Promise<number>;
  /** Write writes all of b; if it fails, the error says in `n` how much was written. */
  Write(b: Uint8Array): Promise<number>;
  /** Close closes the connection; calls that wait fail. */
  Close(): Promise<void>;
  /** LocalAddr returns the address of this end. */
  LocalAddr(): Addr;
  /** RemoteAddr returns the address of the other end, or null if there is no fixed one (ListenUDP). */
  RemoteAddr(): Addr | null;
  /** Iterating gives what comes in, piece by piece, and ends at the end of the stream. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array>;
  /** The end of an `await using` closes it, if that was not done. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** PacketConn is a connection that carries packets, each with the address it comes from or goes to. */
export interface PacketConn extends Deadlines {
  /**
   * ReadFrom copies one packet into b and resolves to the number of bytes and the sender's address. What does not fit
   * into b is lost. The address is null if the sender has none (an unnamed Unix socket).
   */
  ReadFrom(b: Uint8Array): Promise<[n: number, addr: Addr | null]>;
  /** WriteTo sends b as one packet to addr. */
  WriteTo(b: Uint8Array, addr: Addr): Promise<number>;
  /** Close closes the connection; calls that wait fail. */
  Close(): Promise<void>;
  /** LocalAddr returns the address of this end. */
  LocalAddr(): Addr;
  /** The end of an `await using` closes it, if that was not done. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Listener waits for connections. `for await` iterates over them until it is closed. */
export interface Listener {
  /** Accept waits for the next connection. */
  Accept(): Promise<Conn>;
  /** Close stops listening; calls of Accept that wait fail. */
  Close(): Promise<void>;
  /** Addr returns the address that is listened on. */
  Addr(): Addr;
  /** Iterating accepts one connection after the other and ends when the listener is closed. */
  [Symbol.asyncIterator](): AsyncIterator<Conn>;
  /** The end of an `await using` closes it, if that was not done. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** NetError is Go's net.Error: an error that knows whether it is a timeout. */
export interface NetError extends GoError {
  /** Timeout reports whether the error is a timeout. */
  Timeout(): boolean;
  /** Temporary is kept as Go keeps it; most temporary errors are timeouts, the few others surprise. */
  Temporary(): boolean;
}

/** ErrClosed is in the error of every call on a connection that is closed, or is closed while the call waits. */
// Programs match on this text: it never changes.
export const ErrClosed = sentinel("net.ErrClosed", "use of closed network connection", { timeout: false });

/** ErrWriteToConnected is in the error of WriteTo on a connection that has a fixed other end. */
export const ErrWriteToConnected = sentinel(
  "net.ErrWriteToConnected",
  "use of WriteTo with pre-connected connection",
);

/** errMissingAddress: dialled without an address, or written to without one. */
export const errMissingAddress = sentinel("net.errMissingAddress", "missing address");

/** errNoSuitableAddress: the name has addresses, but none of the family asked for. Its text goes into AddrError. */
export const errNoSuitableAddress = sentinel("net.errNoSuitableAddress", "no suitable address found");

/** errCanceled: the caller's AbortSignal ended the call. It is context.Canceled to errors.Is. */
export const errCanceled = sentinel("net.errCanceled", "operation was canceled", { is: [Canceled] });

/** errTimeout: the deadline of a Dialer or of a context passed. It is context.DeadlineExceeded to errors.Is. */
export const errTimeout = sentinel("net.errTimeout", "i/o timeout", {
  timeout: true,
  is: [DeadlineExceeded],
});

/** errNoSuchHost: there is no such name. Its text goes into DNSError. */
export const errNoSuchHost = sentinel("net.errNoSuchHost", "no such host");

/** mapErr turns the two errors of a context into the ones package net uses for them; others stay as they are. */
export function mapErr<E>(err: E): E | typeof errCanceled | typeof errTimeout {
  if (same(err, Canceled)) {
    return errCanceled;
  }
  return same(err, DeadlineExceeded) ? errTimeout : err;
}

/** OpErrorFields are the fields of an {@link OpError}; what is left out is empty. */
export interface OpErrorFields {
  readonly Op: string;
  readonly Net?: string;
  readonly Source?: Addr | null;
  readonly Addr?: Addr | null;
  readonly Err: Error;
}

/** OpError is the error most calls of package net fail with: what was done, on which network, between whom. */
export class OpError extends Error implements NetError {
  static {
    brand(OpError, "OpError");
  }

  declare n?: number;
  declare results?: unknown;

  /** Op is the operation, "dial", "read", "write". */
  readonly Op: string;
  /** Net is the network, "tcp", "udp6". */
  readonly Net: string;
  /** Source is the address of this end, where the operation has another end too. */
  readonly Source: Addr | null;
  /** Addr is the address of the other end, or, for operations that have none (listen), the address of this end. */
  readonly Addr: Addr | null;
  /** Err is what went wrong. */
  readonly Err: Error;

  constructor(fields: OpErrorFields) {
    super(opErrorText(fields), { cause: fields.Err });
    this.Op = fields.Op;
    this.Net = fields.Net ?? "";
    this.Source = fields.Source ?? null;
    this.Addr = fields.Addr ?? null;
    this.Err = fields.Err;
  }

  /** Error returns all of it, "read tcp 192.0.2.1:4711->192.0.2.2:80: read: connection reset by peer". */
  Error(): string {
    return this.message;
  }

  /** Unwrap returns Err. */
  Unwrap(): Error {
    return this.Err;
  }

  /** Timeout reports whether Err, or the error of the system call in it, is a timeout. */
  Timeout(): boolean {
    return ask(innermost(this.Err), "Timeout");
  }

  /** Temporary reports whether Err says so; a connection lost before accept could return it counts too. */
  Temporary(): boolean {
    if (this.Op === "accept" && this.Err instanceof Errno) {
      // Only a bare number: inside a SyscallError it does not count, in Go neither.
      if (this.Err.code === "ECONNRESET" || this.Err.code === "ECONNABORTED") {
        return true;
      }
    }
    return ask(innermost(this.Err), "Temporary");
  }
}

function opErrorText({ Op: op, Net: net, Source: source, Addr: addr, Err: err }: OpErrorFields): string {
  let s = op;
  if (net) {
    s += ` ${net}`;
  }
  if (source) {
    s += ` ${source.String()}`;
  }
  if (addr) {
    s += `${source ? "->" : " "}${addr.String()}`;
  }
  return `${s}: ${err.message}`;
}

function innermost(err: Error): Error {
  return err instanceof SyscallError ? err.Err : err;
}

// An error that does not have the method is neither a timeout nor temporary.
function ask(err: Error, method: "Timeout" | "Temporary"): boolean {
  const f = (err as Partial<NetError>)[method];
  return typeof f === "function" && f.call(err) === true;
}

// What the errors share that are about a string somebody gave: they are never timeouts.
abstract class StringError extends Error implements NetError {
  declare n?: number;
  declare results?: unknown;

  Error(): string {
    return this.message;
  }

  Timeout(): boolean {
    return false;
  }

  Temporary(): boolean {
    return false;
  }
}

/** ParseError says that a string is not the literal it should be. */
export class ParseError extends StringError {
  static {
    brand(ParseError, "ParseError");
  }

  /** Type is what was expected, "IP address", "CIDR address". */
  readonly Type: string;
  /** Text is what was given. */
  readonly Text: string;

  constructor(fields: { readonly Type: string; readonly Text: string }) {
    super(`invalid ${fields.Type}: ${fields.Text}`);
    this.Type = fields.Type;
    this.Text = fields.Text;
  }
}

/** AddrError says what is wrong with an address. */
export class AddrError extends StringError {
  static {
    brand(AddrError, "AddrError");
  }

  /** Err says what is wrong. */
  readonly Err: string;
  /** Addr is the address it is about; it may be empty. */
  readonly Addr: string;

  constructor(fields: { readonly Err: string; readonly Addr?: string }) {
    super(fields.Addr ? `address ${fields.Addr}: ${fields.Err}` : fields.Err);
    this.Err = fields.Err;
    this.Addr = fields.Addr ?? "";
  }
}

/** UnknownNetworkError says that there is no network of that name. Two of the same name are equal to errors.Is. */
export class UnknownNetworkError extends StringError {
  static {
    brand(UnknownNetworkError, "UnknownNetworkError");
  }

  constructor(network: string) {
    super(`unknown network ${network}`);
    markValue(this, `net.UnknownNetworkError:${network}`);
  }
}

/** InvalidAddrError says that an address is not valid, in the words given. */
export class InvalidAddrError extends StringError {
  static {
    brand(InvalidAddrError, "InvalidAddrError");
  }

  constructor(text: string) {
    super(text);
    markValue(this, `net.InvalidAddrError:${text}`);
  }
}

/** DNSConfigError says that the configuration of name lookups could not be read. Nothing fails with it any more. */
export class DNSConfigError extends StringError {
  static {
    brand(DNSConfigError, "DNSConfigError");
  }

  /** Err is what went wrong. */
  readonly Err: Error;

  constructor(fields: { readonly Err: Error }) {
    super(`error reading DNS config: ${fields.Err.message}`, { cause: fields.Err });
    this.Err = fields.Err;
  }

  /** Unwrap returns Err. */
  Unwrap(): Error {
    return this.Err;
  }
}

/** DNSErrorFields are the fields of a {@link DNSError}; what is left out is empty or false. */
export interface DNSErrorFields {
  readonly Err: string;
  readonly Name: string;
  readonly Server?: string;
  readonly IsTimeout?: boolean;
  readonly IsTemporary?: boolean;
  readonly IsNotFound?: boolean;
  readonly UnwrapErr?: Error | null;
}

/** DNSError says why the lookup of a name failed. */
export class DNSError extends Error implements NetError {
  static {
    brand(DNSError, "DNSError");
  }

  declare n?: number;
  declare results?: unknown;

  /** Err says what went wrong, "no such host". */
  readonly Err: string;
  /** Name is the name that was looked for. */
  readonly Name: string;
  /** Server is the server that was asked, if one was. */
  readonly Server: string;
  /** IsTimeout is true if the lookup is known to have timed out. */
  readonly IsTimeout: boolean;
  /** IsTemporary is true if asking again may help. */
  readonly IsTemporary: boolean;
  /** IsNotFound is true if there is no such name, or nothing of that kind under it. */
  readonly IsNotFound: boolean;
  /** UnwrapErr is the error behind this one, or null. */
  readonly UnwrapErr: Error | null;

  constructor(fields: DNSErrorFields) {
    const on = fields.Server ? ` on ${fields.Server}` : "";
    const cause = fields.UnwrapErr ?? null;
    super(`lookup ${fields.Name}${on}: ${fields.Err}`, cause === null ? undefined : { cause });
    this.Err = fields.Err;
    this.Name = fields.Name;
    this.Server = fields.Server ?? "";
    this.IsTimeout = fields.IsTimeout ?? false;
    this.IsTemporary = fields.IsTemporary ?? false;
    this.IsNotFound = fields.IsNotFound ?? false;
    this.UnwrapErr = cause;
  }

  /** Error returns all of it, "lookup a.test on 127.0.0.1:53: no such host". */
  Error(): string {
    return this.message;
  }

  /** Unwrap returns UnwrapErr. */
  Unwrap(): Error | null {
    return this.UnwrapErr;
  }

  /** Timeout returns IsTimeout. */
  Timeout(): boolean {
    return this.IsTimeout;
  }

  /** Temporary returns IsTimeout or IsTemporary. */
  Temporary(): boolean {
    return this.IsTimeout || this.IsTemporary;
  }
}
