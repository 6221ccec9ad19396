// TCP: the connection and how to dial it, the listener and how to get one. The address is in tcpaddr.ts.

import { conn, opError, toInt } from "./conn.js";
import { brand, same } from "./errors.js";
import { type Incoming, listenFD, netFD } from "./fd.js";
import { Copy, type Reader, type Writer } from "./io.js";
import { limitError, withSignal } from "./limit.js";
import { goError, LateError, type Link, type Opened, RefusedError } from "./link.js";
import {
  type Addr,
  DNSError,
  ErrClosed,
  errMissingAddress,
  errTimeout,
  type Listener,
  type OpError,
  type Time,
  UnknownNetworkError,
} from "./net.js";
import { ErrDeadlineExceeded } from "./os.js";
import { fromPieces } from "./pieces.js";
import { familyFor, toSockAddr, toTCPAddr } from "./sockaddr.js";
import { TCPAddr } from "./tcpaddr.js";
import { Deadline } from "./wire/deadline.js";

const msPerSecond = 1000;

/** defaultKeepAliveSeconds is how often Go probes a silent connection that Dial or Accept made. */
export const defaultKeepAliveSeconds = 15;

/** TCPConn is a TCP connection. */
export class TCPConn extends conn {
  static {
    brand(TCPConn, "TCPConn");
  }

  /** ReadFrom writes everything that r gives, up to its end, and resolves to the number of bytes. */
  async ReadFrom(r: Reader): Promise<number> {
    try {
      return await Copy({ Write: (b) => this.Write(b) }, r);
    } catch (err) {
      throw this.failed("readfrom", err);
    }
  }

  /** WriteTo reads to the end, writes everything to w, and resolves to the number of bytes. */
  async WriteTo(w: Writer): Promise<number> {
    try {
      return await Copy(w, { Read: (b) => this.Read(b) });
    } catch (err) {
      throw this.failed("writeto", err);
    }
  }

  /** CloseRead ends the receiving direction. Most callers want Close. */
  CloseRead(): Promise<void> {
    return this.#ask("close", () => this.fd.CloseRead());
  }

  /** CloseWrite ends the sending direction after what was written: the other end reads EOF. */
  async CloseWrite(): Promise<void> {
    this.attempt("close", () => this.fd.CloseWrite());
  }

  /**
   * SetLinger says what Close does with data the kernel has not sent: below 0, the default, it is sent in the
   * background; 0 discards it and resets the connection; above 0, it is sent for at most that many seconds.
   */
  async SetLinger(sec: number): Promise<void> {
    return this.#set("linger", toInt(sec));
  }

  /** SetKeepAlive turns the kernel's keep-alive probes on or off. */
  SetKeepAlive(keepalive: boolean): Promise<void> {
    return this.#set("keepAlive", Boolean(keepalive));
  }

  /** SetKeepAlivePeriod sets the time between probes, in milliseconds; the kernel counts in whole seconds, rounded up. */
  async SetKeepAlivePeriod(d: number): Promise<void> {
    return this.#set("keepAlivePeriod", toInt(Math.ceil(d / msPerSecond)));
  }

  /** SetNoDelay says whether data is sent at once (the default) or gathered for larger packets (Nagle). */
  SetNoDelay(noDelay: boolean): Promise<void> {
    return this.#set("noDelay", Boolean(noDelay));
  }

  #set(op: string, value: number | boolean): Promise<void> {
    return this.#ask("set", () => this.fd.call("setsockopt", op, value));
  }

  async #ask(op: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (err) {
      throw this.failed(op, err);
    }
  }
}

/** newTCPConn makes the connection of a stream that the gateway opened; its result is both addresses. */
export function newTCPConn({ session, stream, result }: Opened | Incoming, net: string): TCPConn {
  const laddr = toTCPAddr(result[0]) ?? new TCPAddr();
  const raddr = toTCPAddr(result[1]) ?? new TCPAddr();
  return new TCPConn(new netFD(session, stream, net, laddr, raddr));
}

/** TCPTarget is where a dial goes: an address, or a name that the gateway looks up, with a port or service. */
export type TCPTarget = TCPAddr | NamedTarget;

interface NamedTarget {
  readonly host: string;
  readonly port: number | string;
}

/** TCPDial is a dial as Dialer and DialTCP want it. */
export interface TCPDial {
  readonly network: string;
  readonly laddr: TCPAddr | null;
  readonly target: TCPTarget;
  readonly keepAliveSeconds: number;
  /** deadline is when the dial has to be done; null is never. */
  readonly deadline: number | null;
  readonly signal?: AbortSignal | undefined;
}

/** dialTCP dials and fails with an OpError that names the addresses. */
export async function dialTCP(link: Link, dial: TCPDial): Promise<TCPConn> {
  const { network, laddr, target, signal } = dial;
  const raddr = target instanceof TCPAddr ? target : null;
  const deadline = new Deadline();
  deadline.set(dial.deadline);
  const options: [string, number | boolean][] = [
    ["noDelay", true],
    ["keepAlive", dial.keepAliveSeconds],
  ];
  if (raddr === null && dial.deadline !== null) {
    // The gateway divides the time between the addresses of the name.
    options.push(["timeout", Math.min(maxTimeoutMs, Math.max(1, Math.ceil(dial.deadline - Date.now())))]);
  }
  try {
    const family = familyFor(network, laddr, raddr);
    const from = laddr === null ? null : toSockAddr(family, laddr, "bind");
    const to = target instanceof TCPAddr ? toSockAddr(family, target, "connect") : named(target);
    const opened = await link.open("dial", [network, to, from, options], withSignal(deadline, signal));
    return newTCPConn(opened, network);
  } catch (err) {
    const refused = err instanceof LateError ? err.refused : err instanceof RefusedError ? err : null;
    const addr = raddr ?? toTCPAddr(refused?.addr);
    const failure =
      err instanceof LateError
        ? lateDial(target, addr, limitError(signal))
        : refused === null
          ? goError(err, "connect")
          : fromPieces(refused.pieces, "connect");
    throw dialError(network, laddr, addr, failure);
  }
}

const maxTimeoutMs = 2 ** 31 - 1;

function named(target: NamedTarget): readonly unknown[] {
  return ["name", target.host, target.port];
}

// lateDial is the error of a dial whose time is over, or that was given up. Without an address it was still being looked for.
function lateDial(target: TCPTarget, addr: TCPAddr | null, why: Error): Error {
  const isTimeout = same(why, ErrDeadlineExceeded) || same(why, errTimeout);
  const err = isTimeout ? errTimeout : why;
  if (addr !== null || target instanceof TCPAddr) {
    return err;
  }
  return new DNSError({ Err: err.message, Name: target.host, IsTimeout: isTimeout });
}

/** dialError is an OpError of dialling. Its source is the local address that was asked for. */
export function dialError(network: string, source: Addr | null, addr: Addr | null, err: Error): OpError {
  return opError({ Op: "dial", Net: network, Source: source, Addr: addr, Err: err });
}

function isTCP(network: string): boolean {
  return network === "tcp" || network === "tcp4" || network === "tcp6";
}

/** DialTCP of package net. */
export async function DialTCP(
  link: Link,
  network: string,
  laddr: TCPAddr | null,
  raddr: TCPAddr | null,
  signal?: AbortSignal,
): Promise<TCPConn> {
  if (!isTCP(network)) {
    throw dialError(network, laddr, raddr, new UnknownNetworkError(network));
  }
  if (raddr === null) {
    throw dialError(network, laddr, null, errMissingAddress);
  }
  return dialTCP(link, { network, laddr, target: raddr, keepAliveSeconds: 0, deadline: null, signal });
}

/** TCPListener listens for TCP connections. */
export class TCPListener implements Listener {
  static {
    brand(TCPListener, "TCPListener");
  }

  readonly #fd: listenFD;

  constructor(fd: listenFD) {
    this.#fd = fd;
  }

  /** Accept waits for the next connection. signal ends the wait; the listener stays usable. */
  Accept(signal?: AbortSignal): Promise<TCPConn> {
    return this.AcceptTCP(signal);
  }

  /** AcceptTCP is {@link Accept}. */
  async AcceptTCP(signal?: AbortSignal): Promise<TCPConn> {
    try {
      return newTCPConn(await this.#fd.Accept(signal), this.#fd.net);
    } catch (err) {
      throw this.#failed("accept", err);
    }
  }

  /** Close stops listening. Connections that were accepted stay; those that nobody accepted are reset. */
  async Close(): Promise<void> {
    try {
      this.#fd.Close();
    } catch (err) {
      throw this.#failed("close", err);
    }
  }

  /** Addr returns the address that is listened on, with the port that the kernel chose if 0 was asked for. */
  Addr(): Addr {
    return this.#fd.laddr;
  }

  /** SetDeadline sets the deadline of Accept, for calls that wait already too; null takes it away. */
  SetDeadline(t: Time | null): void {
    try {
      this.#fd.SetDeadline(t);
    } catch (err) {
      throw this.#failed("set", err);
    }
  }

  /** File gives, in Go, the socket as a file. The gateway cannot hand out files: it fails with EOPNOTSUPP. */
  async File(): Promise<never> {
    try {
      return this.#fd.File();
    } catch (err) {
      throw this.#failed("file", err);
    }
  }

  /** Iterating accepts one connection after the other and ends when the listener is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TCPConn, void, undefined> {
    for (;;) {
      let c: TCPConn;
      try {
        c = await this.AcceptTCP();
      } catch (err) {
        if (this.#fd.closed && same((err as OpError).Err, ErrClosed)) {
          return;
        }
        throw err;
      }
      yield c;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#fd.closed) {
      await this.Close();
    }
  }

  #failed(op: string, err: unknown): OpError {
    return opError({ Op: op, Net: this.#fd.net, Addr: this.#fd.laddr, Err: err as Error });
  }
}

/** listenTCP listens on target. It fails with an OpError. */
export async function listenTCP(
  link: Link,
  network: string,
  target: TCPTarget,
  signal?: AbortSignal,
): Promise<TCPListener> {
  const laddr = target instanceof TCPAddr ? target : null;
  const options = [
    ["noDelay", true],
    ["keepAlive", defaultKeepAliveSeconds],
  ];
  try {
    const family = familyFor(network, laddr, null);
    const at = target instanceof TCPAddr ? toSockAddr(family, target, "bind") : named(target);
    const opened = await link.open("listen", [network, at, options], withSignal(new Deadline(), signal));
    const bound = toTCPAddr(opened.result[0]) ?? new TCPAddr();
    return new TCPListener(new listenFD(opened.session, opened.stream, network, bound));
  } catch (err) {
    if (err instanceof RefusedError) {
      throw listenError(network, laddr ?? toTCPAddr(err.addr), fromPieces(err.pieces, "listen"));
    }
    const failure = err instanceof LateError ? limitError(signal) : goError(err, "listen");
    throw listenError(network, laddr, failure);
  }
}

/** listenError is an OpError of listening. */
export function listenError(network: string, addr: Addr | null, err: Error): OpError {
  return opError({ Op: "listen", Net: network, Addr: addr, Err: err });
}

/** ListenTCP of package net. */
export async function ListenTCP(link: Link, network: string, laddr: TCPAddr | null): Promise<TCPListener> {
  if (!isTCP(network)) {
    throw listenError(network, laddr, new UnknownNetworkError(network));
  }
  return listenTCP(link, network, laddr ?? new TCPAddr());
}
