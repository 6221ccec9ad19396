// Unix sockets: the connection, how to dial it, the listener, how to listen. The address is in unixaddr.ts.

import { conn } from "./conn.js";
import { brand } from "./errorvalue.js";
import { type Incoming, listenFD } from "./fd.js";
import type { Link, Opened } from "./link.js";
import { listener } from "./listener.js";
import {
  type Addr,
  ErrWriteToConnected,
  errMissingAddress,
  type OpError,
  type PacketConn,
  UnknownNetworkError,
} from "./net.js";
import { packetFD, unixFD } from "./packetfd.js";
import { syscallError } from "./pieces.js";
import { dialError, dialSock, type Ends, listenError, listenSock } from "./sock.js";
import { toUnixAddr, unixSockAddr } from "./sockaddr.js";
import { errno } from "./syscall.js";
import { UnixAddr } from "./unixaddr.js";
import type { SockAddr } from "./wire/sockaddr.js";

/**
 * UnixConn is a Unix socket at the gateway: of bytes ("unix"), of datagrams ("unixgram") or of records ("unixpacket").
 * Read and Write do what they do on the kernel's socket of that kind: with "unixgram" and "unixpacket" each takes or sends
 * one packet.
 *
 * Besides bytes it carries open files, as ancillary data: see syscall.UnixRights.
 */
export class UnixConn extends conn<unixFD | packetFD> implements PacketConn {
  static {
    brand(UnixConn, "UnixConn");
  }

  /** CloseRead ends the receiving direction. Most callers want Close. */
  async CloseRead(): Promise<void> {
    try {
      await this.fd.CloseRead();
    } catch (err) {
      throw this.failed("close", err);
    }
  }

  /** CloseWrite ends the sending direction after what was written: the other end reads EOF. */
  async CloseWrite(): Promise<void> {
    this.attempt("close", () => this.fd.CloseWrite());
  }

  /** ReadFrom is {@link ReadFromUnix}. */
  ReadFrom(b: Uint8Array, signal?: AbortSignal): Promise<[n: number, addr: UnixAddr | null]> {
    return this.ReadFromUnix(b, signal);
  }

  /**
   * ReadFromUnix reads into b and resolves to the number of bytes and the sender, which is null if it has no name. Of a
   * packet, what does not fit into b is lost. At the end it rejects with an OpError around io.EOF.
   */
  async ReadFromUnix(b: Uint8Array, signal?: AbortSignal): Promise<[n: number, addr: UnixAddr | null]> {
    try {
      if (this.fd instanceof unixFD) {
        return [await this.fd.ReadFrom(b, signal), this.#peer()];
      }
      const [n, from] = await this.fd.ReadFrom(b, signal);
      return [n, this.#sender(from)];
    } catch (err) {
      throw this.failed("read", err);
    }
  }

  /**
   * ReadMsgUnix reads into b, and the ancillary data that came with it into oob. It resolves to the numbers of bytes in
   * both, the flags of the message (syscall.MSG_TRUNC: b was too small, MSG_CTRUNC: oob was), and the sender, null if it
   * has no name. Files that oob has no room for are closed.
   */
  async ReadMsgUnix(
    b: Uint8Array,
    oob: Uint8Array,
    signal?: AbortSignal,
  ): Promise<[n: number, oobn: number, flags: number, addr: UnixAddr | null]> {
    try {
      if (this.fd instanceof unixFD) {
        const { n, oobn, flags } = await this.fd.ReadMsg(b, oob, signal);
        return [n, oobn, flags, this.#peer()];
      }
      const { n, oobn, flags, from } = await this.fd.ReadMsg(b, oob, signal);
      return [n, oobn, flags, this.#sender(from)];
    } catch (err) {
      throw this.failed("read", err);
    }
  }

  /** WriteTo is {@link WriteToUnix}; an address that is not a UnixAddr is EINVAL. */
  async WriteTo(b: Uint8Array, addr: Addr | null, signal?: AbortSignal): Promise<number> {
    if (!(addr instanceof UnixAddr)) {
      throw this.#notWritten(addr, errno("EINVAL"));
    }
    return this.WriteToUnix(b, addr, signal);
  }

  /**
   * WriteToUnix sends b as one packet to addr and resolves to b.length. A dialled socket rejects with ErrWriteToConnected,
   * an address of another kind of socket with EAFNOSUPPORT.
   */
  async WriteToUnix(b: Uint8Array, addr: UnixAddr | null, signal?: AbortSignal): Promise<number> {
    try {
      if (this.fd.isConnected) {
        throw ErrWriteToConnected;
      }
      if (addr === null) {
        throw errMissingAddress;
      }
      const to = this.#to(addr, "sendto");
      if (this.fd instanceof unixFD) {
        throw this.#noAddress("sendto");
      }
      return await this.fd.WriteTo(b, to, signal);
    } catch (err) {
      throw this.#notWritten(addr, err);
    }
  }

  /**
   * WriteMsgUnix sends b together with the ancillary data oob, to addr if that is not null. It resolves to the numbers of
   * bytes of both.
   */
  async WriteMsgUnix(
    b: Uint8Array,
    oob: Uint8Array | null,
    addr: UnixAddr | null,
    signal?: AbortSignal,
  ): Promise<[n: number, oobn: number]> {
    try {
      if (this.fd.net === "unixgram" && this.fd.isConnected) {
        throw ErrWriteToConnected;
      }
      const to = addr === null ? null : this.#to(addr, "sendmsg");
      const data = oob ?? new Uint8Array(0);
      if (!(this.fd instanceof unixFD)) {
        return [await this.fd.WriteMsg(b, data, to, signal), data.length];
      }
      if (to !== null) {
        throw this.#noAddress("sendmsg");
      }
      return [await this.fd.WriteMsg(b, data, signal), data.length];
    } catch (err) {
      throw this.#notWritten(addr, err);
    }
  }

  #to(addr: UnixAddr, call: string): SockAddr {
    if (addr.Net !== this.fd.net) {
      throw errno("EAFNOSUPPORT");
    }
    return unixSockAddr(addr.Name, call);
  }

  // What a kernel says to an address for a stream of bytes.
  #noAddress(call: string): Error {
    return syscallError(call, this.fd.raddr === null ? "EOPNOTSUPP" : "EISCONN");
  }

  #sender(from: SockAddr | null): UnixAddr | null {
    return from === null || from[1].length === 0 ? null : toUnixAddr(from, this.fd.net);
  }

  // On a stream of bytes the sender is the other end.
  #peer(): UnixAddr | null {
    const raddr = this.fd.raddr;
    return raddr instanceof UnixAddr && raddr.Name !== "@" ? raddr : null;
  }

  #notWritten(addr: Addr | null, err: unknown): OpError {
    return this.failedTo("write", addr, err);
  }
}

/** newUnixConn makes the connection of a stream that the gateway opened; its result is both addresses. */
export function newUnixConn(opened: Opened | Incoming, net: string, isConnected: boolean): UnixConn {
  const [local, remote] = opened.result;
  const laddr = toUnixAddr(local ?? unnamed, net) ?? new UnixAddr({ Net: net });
  const raddr = toUnixAddr(remote, net);
  const fd =
    net === "unix"
      ? new unixFD(opened, net, laddr, raddr, isConnected)
      : new packetFD(opened, net, laddr, raddr, isConnected);
  return new UnixConn(fd);
}

const unnamed: SockAddr = [1, new Uint8Array(0)];

/** UnixDial is a dial as Dialer and DialUnix want it. */
export interface UnixDial extends Ends {
  readonly network: string;
  readonly laddr: UnixAddr | null;
  readonly raddr: UnixAddr | null;
}

/** dialUnix dials and fails with an OpError that names the addresses. */
export async function dialUnix(link: Link, dial: UnixDial): Promise<UnixConn> {
  const { network, laddr, raddr } = dial;
  // An address without a name is none.
  const from = laddr === null || laddr.Name === "" ? null : laddr;
  const to = raddr === null || raddr.Name === "" ? null : raddr;
  if (to === null && (network !== "unixgram" || from === null)) {
    throw dialError(network, laddr, raddr, errMissingAddress);
  }
  const opened = await dialSock(link, {
    network,
    afnet: network,
    laddr,
    target: raddr,
    deadline: dial.deadline,
    signal: dial.signal,
    options: [],
    encode: () => ({
      from: from && unixSockAddr(from.Name, "bind"),
      to: to && unixSockAddr(to.Name, "connect"),
    }),
    decode: (v) => toUnixAddr(v, network),
  });
  if (to === null) {
    return newUnixConn(onlyBound(opened), network, false);
  }
  const [local, remote] = opened.result;
  // Whoever answered may be gone already.
  const result = [local, remote ?? unixSockAddr(to.Name, "connect")];
  return newUnixConn({ ...opened, result }, network, true);
}

// A socket that is only bound has no other end.
function onlyBound(opened: Opened): Opened {
  return { ...opened, result: [opened.result[0], null] };
}

/** DialUnix of package net. */
export async function DialUnix(
  link: Link,
  network: string,
  laddr: UnixAddr | null,
  raddr: UnixAddr | null,
  ends: Ends = {},
): Promise<UnixConn> {
  if (!/^unix(gram|packet)?$/.test(network)) {
    throw dialError(network, laddr, raddr, new UnknownNetworkError(network));
  }
  return dialUnix(link, { ...ends, network, laddr, raddr });
}

/** UnixListener listens for connections of a Unix socket. Closing it removes the socket's file. */
export class UnixListener extends listener<UnixConn> {
  static {
    brand(UnixListener, "UnixListener");
  }

  /** AcceptUnix is {@link Accept}. */
  AcceptUnix(signal?: AbortSignal): Promise<UnixConn> {
    return this.Accept(signal);
  }

  /**
   * SetUnlinkOnClose says whether Close removes the socket's file. It does unless FileListener made the listener; an abstract
   * name has no file.
   */
  // BUG: a listener that FileListener made has nothing to remove, whatever is said here.
  SetUnlinkOnClose(unlink: boolean): void {
    this.fd.set("unlinkOnClose", Boolean(unlink));
  }

  protected override connection(incoming: Incoming): UnixConn {
    return newUnixConn(incoming, this.fd.net, false);
  }
}

/** listenUnix listens on laddr. It fails with an OpError. */
export async function listenUnix(
  link: Link,
  network: string,
  laddr: UnixAddr,
  signal?: AbortSignal,
): Promise<UnixListener> {
  const opened = await listenSock(link, {
    op: "listen",
    network,
    afnet: network,
    laddr,
    signal,
    encode: () => [unixSockAddr(laddr.Name, "bind"), []],
    decode: (v) => toUnixAddr(v, network),
  });
  const bound = toUnixAddr(opened.result[0], network) ?? laddr;
  return new UnixListener(new listenFD(opened, network, bound));
}

/** ListenUnix of package net. */
export async function ListenUnix(
  link: Link,
  network: string,
  laddr: UnixAddr | null,
  signal?: AbortSignal,
): Promise<UnixListener> {
  if (network !== "unix" && network !== "unixpacket") {
    throw listenError(network, laddr, new UnknownNetworkError(network));
  }
  if (laddr === null) {
    throw listenError(network, null, errMissingAddress);
  }
  return listenUnix(link, network, laddr, signal);
}

/** listenUnixgram opens a socket of datagrams at laddr. It fails with an OpError. */
export async function listenUnixgram(link: Link, laddr: UnixAddr, signal?: AbortSignal): Promise<UnixConn> {
  const network = "unixgram";
  const opened = await listenSock(link, {
    op: "listenPacket",
    network,
    afnet: network,
    laddr,
    signal,
    encode: () => [unixSockAddr(laddr.Name, "bind"), []],
    decode: (v) => toUnixAddr(v, network),
  });
  return newUnixConn(onlyBound(opened), network, false);
}

/** ListenUnixgram of package net. */
export async function ListenUnixgram(
  link: Link,
  network: string,
  laddr: UnixAddr | null,
  signal?: AbortSignal,
): Promise<UnixConn> {
  if (network !== "unixgram") {
    throw listenError(network, laddr, new UnknownNetworkError(network));
  }
  if (laddr === null) {
    throw listenError(network, null, errMissingAddress);
  }
  return listenUnixgram(link, laddr, signal);
}
