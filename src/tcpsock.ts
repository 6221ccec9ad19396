// TCP: the connection and how to dial it, the listener and how to get one. The address is in tcpaddr.ts.

import { conn, toInt } from "./conn.js";
import { brand } from "./errorvalue.js";
import { type Incoming, listenFD, netFD } from "./fd.js";
import { Copy, type Reader, type Writer } from "./io.js";
import { type KeepAliveConfig, keepAliveArgs, keepAliveSeconds, wholeSeconds } from "./keepalive.js";
import type { Link, Opened } from "./link.js";
import { listener } from "./listener.js";
import { type Addr, errMissingAddress, UnknownNetworkError } from "./net.js";
import {
  dialError,
  dialledIP,
  dialSock,
  type Ends,
  listenError,
  listenedIP,
  listenSock,
  type NamedTarget,
  type SockOption,
} from "./sock.js";
import { toTCPAddr } from "./sockaddr.js";
import { TCPAddr } from "./tcpaddr.js";

/** TCPConn is a TCP connection. */
export class TCPConn extends conn<netFD> {
  static {
    brand(TCPConn, "TCPConn");
  }

  /** RemoteAddr returns the address of the other end. */
  // BUG: as in Go, it is null if FileConn made the connection of a socket that is not connected.
  override RemoteAddr(): Addr {
    return super.RemoteAddr() as Addr;
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
    return this.#set("keepAlivePeriod", toInt(wholeSeconds(d)));
  }

  /** SetKeepAliveConfig turns the kernel's keep-alive probes on or off and sets how they go. */
  async SetKeepAliveConfig(config: KeepAliveConfig): Promise<void> {
    const [enable, idle, interval, count] = keepAliveArgs(config);
    return this.#set("keepAliveConfig", enable, toInt(idle), toInt(interval), toInt(count));
  }

  /** SetNoDelay says whether data is sent at once (the default) or gathered for larger packets (Nagle). */
  SetNoDelay(noDelay: boolean): Promise<void> {
    return this.#set("noDelay", Boolean(noDelay));
  }

  #set(op: string, ...values: readonly (number | boolean)[]): Promise<void> {
    return this.#ask("set", () => this.fd.call("setsockopt", op, ...values));
  }

  async #ask(op: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (err) {
      throw this.failed(op, err);
    }
  }
}

/** newTCPConn makes the connection of a stream that the gateway opened; its result is both addresses. */
export function newTCPConn(opened: Opened | Incoming, net: string): TCPConn {
  const laddr = toTCPAddr(opened.result[0]) ?? new TCPAddr();
  return new TCPConn(new netFD(opened, net, laddr, toTCPAddr(opened.result[1])));
}

/** KeepAlive is what is set on a dialled or accepted connection: a period in milliseconds, or a whole configuration. */
export interface KeepAlive {
  /** keepAlive is a period; 0 is the default, below 0 is none. */
  readonly keepAlive: number;
  /** config counts instead, if it is enabled. */
  readonly config?: KeepAliveConfig | undefined;
  /** noDelay is there for connections of a listener that was not told to set it when it was made. */
  readonly noDelay?: boolean;
}

function keepAliveOptions({ keepAlive, config }: KeepAlive): SockOption[] {
  return [
    ["noDelay", true],
    ["keepAlive", config?.Enable ? 0 : keepAliveSeconds(keepAlive)],
  ];
}

// What the configuration asks for is set when the connection is there. As in Go, it is no error if that fails.
function configure(c: TCPConn, { config, noDelay }: KeepAlive): TCPConn {
  if (noDelay) {
    c.SetNoDelay(true).catch(() => {}); // the connection is over: it says so itself
  }
  if (config?.Enable) {
    c.SetKeepAliveConfig(config).catch(() => {}); // the connection is over: it says so itself
  }
  return c;
}

/** noKeepAlive is for connections that nobody asked to probe. */
export const noKeepAlive: KeepAlive = { keepAlive: -1 };

/** TCPDial is a dial as Dialer and DialTCP want it. */
export interface TCPDial extends Ends {
  readonly network: string;
  readonly laddr: TCPAddr | null;
  readonly target: TCPAddr | NamedTarget;
  readonly keepAlive: KeepAlive;
}

/** dialTCP dials and fails with an OpError that names the addresses. */
export async function dialTCP(link: Link, dial: TCPDial): Promise<TCPConn> {
  const { network, laddr, target, keepAlive, deadline, signal } = dial;
  const opened = await dialSock(link, {
    network,
    afnet: network,
    laddr,
    target,
    deadline,
    signal,
    options: keepAliveOptions(keepAlive),
    encode: () => dialledIP(network, laddr, target),
    decode: toTCPAddr,
  });
  return configure(newTCPConn(opened, network), keepAlive);
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
  return dialTCP(link, { network, laddr, target: raddr, keepAlive: noKeepAlive, signal });
}

/** TCPListener listens for TCP connections. */
export class TCPListener extends listener<TCPConn> {
  static {
    brand(TCPListener, "TCPListener");
  }

  readonly #keepAlive: KeepAlive;

  constructor(fd: listenFD, keepAlive: KeepAlive = noKeepAlive) {
    super(fd);
    this.#keepAlive = keepAlive;
  }

  /** AcceptTCP is {@link Accept}. */
  AcceptTCP(signal?: AbortSignal): Promise<TCPConn> {
    return this.Accept(signal);
  }

  protected override connection(incoming: Incoming): TCPConn {
    return configure(newTCPConn(incoming, this.fd.net), this.#keepAlive);
  }
}

/** TCPListen is a listen as ListenConfig and ListenTCP want it. */
export interface TCPListen {
  readonly network: string;
  readonly target: TCPAddr | NamedTarget;
  readonly keepAlive: KeepAlive;
  readonly signal?: AbortSignal | undefined;
}

/** listenTCP listens on target. It fails with an OpError. */
export async function listenTCP(link: Link, listen: TCPListen): Promise<TCPListener> {
  const { network, target, keepAlive, signal } = listen;
  const opened = await listenSock(link, {
    op: "listen",
    network,
    afnet: network,
    laddr: target instanceof TCPAddr ? target : null,
    signal,
    encode: () => [listenedIP(network, target), keepAliveOptions(keepAlive)],
    decode: toTCPAddr,
  });
  const bound = toTCPAddr(opened.result[0]) ?? new TCPAddr();
  return new TCPListener(new listenFD(opened, network, bound), keepAlive);
}

/** ListenTCP of package net. */
export async function ListenTCP(
  link: Link,
  network: string,
  laddr: TCPAddr | null,
  signal?: AbortSignal,
): Promise<TCPListener> {
  if (!isTCP(network)) {
    throw listenError(network, laddr, new UnknownNetworkError(network));
  }
  return listenTCP(link, { network, target: laddr ?? new TCPAddr(), keepAlive: { keepAlive: 0 }, signal });
}
