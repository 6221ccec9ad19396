// UDP: the connection, how to dial it, how to listen, also in a multicast group. The address is in udpaddr.ts.

import { conn } from "./conn.js";
import { brand } from "./errorvalue.js";
import type { Interface } from "./interface.js";
import type { Link, Opened } from "./link.js";
import {
  type Addr,
  ErrWriteToConnected,
  errMissingAddress,
  type OpError,
  type PacketConn,
  UnknownNetworkError,
} from "./net.js";
import { packetFD } from "./packetfd.js";
import { syscallError } from "./pieces.js";
import {
  dialError,
  dialledIP,
  dialSock,
  type Ends,
  isNamed,
  listenError,
  listenedIP,
  listenSock,
  type NamedTarget,
} from "./sock.js";
import { type Family, familyOfSock, toSockAddr, toUDPAddr } from "./sockaddr.js";
import { errno } from "./syscall.js";
import { UDPAddr } from "./udpaddr.js";

/**
 * UDPConn is a UDP socket: connected to one other end (Dial, DialUDP) or open to all (ListenPacket, ListenUDP). Each read
 * takes one datagram and each write sends one. A write resolves when the gateway's kernel has taken the datagram.
 */
export class UDPConn extends conn<packetFD> implements PacketConn {
  static {
    brand(UDPConn, "UDPConn");
  }

  readonly #family: Family;

  constructor(fd: packetFD, family: Family) {
    super(fd);
    this.#family = family;
  }

  /** ReadFrom is {@link ReadFromUDP}. */
  ReadFrom(b: Uint8Array, signal?: AbortSignal): Promise<[n: number, addr: UDPAddr]> {
    return this.ReadFromUDP(b, signal);
  }

  /**
   * ReadFromUDP copies one datagram into b and resolves to the number of bytes and the sender. What does not fit into b is
   * lost. It rejects with an OpError; on a connected socket that may be ECONNREFUSED for a datagram sent earlier.
   */
  async ReadFromUDP(b: Uint8Array, signal?: AbortSignal): Promise<[n: number, addr: UDPAddr]> {
    try {
      const [n, from] = await this.fd.ReadFrom(b, signal);
      return [n, toUDPAddr(from) ?? new UDPAddr()];
    } catch (err) {
      throw this.failed("read", err);
    }
  }

  /**
   * ReadMsgUDP copies one datagram into b and its ancillary data into oob. It resolves to the numbers of bytes in both, the
   * flags of the message (syscall.MSG_TRUNC: b was too small), and the sender.
   */
  async ReadMsgUDP(
    b: Uint8Array,
    oob: Uint8Array,
    signal?: AbortSignal,
  ): Promise<[n: number, oobn: number, flags: number, addr: UDPAddr]> {
    try {
      const { n, oobn, flags, from } = await this.fd.ReadMsg(b, oob, signal);
      return [n, oobn, flags, toUDPAddr(from) ?? new UDPAddr()];
    } catch (err) {
      throw this.failed("read", err);
    }
  }

  /** WriteTo is {@link WriteToUDP}; an address that is not a UDPAddr is EINVAL. */
  async WriteTo(b: Uint8Array, addr: Addr | null, signal?: AbortSignal): Promise<number> {
    if (!(addr instanceof UDPAddr)) {
      throw this.#notWritten(addr, errno("EINVAL"));
    }
    return this.WriteToUDP(b, addr, signal);
  }

  /**
   * WriteToUDP sends b as one datagram to addr and resolves to b.length. On a connected socket it rejects with
   * ErrWriteToConnected, if b is longer than a datagram can be with EMSGSIZE, each in an OpError.
   */
  async WriteToUDP(b: Uint8Array, addr: UDPAddr | null, signal?: AbortSignal): Promise<number> {
    try {
      if (this.fd.isConnected) {
        throw ErrWriteToConnected;
      }
      if (addr === null) {
        throw errMissingAddress;
      }
      return await this.fd.WriteTo(b, toSockAddr(this.#family, addr, "sendto"), signal);
    } catch (err) {
      throw this.#notWritten(addr, err);
    }
  }

  /**
   * WriteMsgUDP sends b as one datagram, with ancillary data, to addr, which is null if and only if the socket is
   * connected. It resolves to the numbers of bytes of both.
   */
  async WriteMsgUDP(
    b: Uint8Array,
    oob: Uint8Array | null,
    addr: UDPAddr | null,
    signal?: AbortSignal,
  ): Promise<[n: number, oobn: number]> {
    try {
      if (this.fd.isConnected && addr !== null) {
        throw ErrWriteToConnected;
      }
      if (!this.fd.isConnected && addr === null) {
        throw errMissingAddress;
      }
      const to = addr === null ? null : toSockAddr(this.#family, addr, "sendmsg");
      const n = await this.fd.WriteMsg(b, oob ?? new Uint8Array(0), to, signal);
      return [n, oob?.length ?? 0];
    } catch (err) {
      throw this.#notWritten(addr, err);
    }
  }

  #notWritten(addr: Addr | null, err: unknown): OpError {
    return this.failedTo("write", addr, err);
  }
}

/**
 * newUDPConn makes the connection of a stream that the gateway opened; its result is both addresses. raddr is where it was
 * dialled to: a kernel does not say so of port 0.
 */
export function newUDPConn(
  opened: Opened,
  net: string,
  isConnected: boolean,
  raddr: UDPAddr | null = null,
): UDPConn {
  const [local, remote] = opened.result;
  const laddr = toUDPAddr(local) ?? new UDPAddr();
  const far = raddr?.Port === 0 ? raddr : (toUDPAddr(remote) ?? raddr);
  const fd = new packetFD(opened, net, laddr, far, isConnected);
  return new UDPConn(fd, familyOfSock(local));
}

/** UDPDial is a dial as Dialer and DialUDP want it. */
export interface UDPDial extends Ends {
  readonly network: string;
  readonly laddr: UDPAddr | null;
  readonly target: UDPAddr | NamedTarget;
}

/** dialUDP dials and fails with an OpError that names the addresses. */
export async function dialUDP(
  link: Link,
  { network, laddr, target, deadline, signal }: UDPDial,
): Promise<UDPConn> {
  const opened = await dialSock(link, {
    network,
    afnet: network,
    laddr,
    target,
    deadline,
    signal,
    options: [],
    encode: () => dialledIP(network, laddr, target),
    decode: toUDPAddr,
  });
  return newUDPConn(opened, network, true, isNamed(target) ? null : target);
}

function isUDP(network: string): boolean {
  return network === "udp" || network === "udp4" || network === "udp6";
}

/** DialUDP of package net. */
export async function DialUDP(
  link: Link,
  network: string,
  laddr: UDPAddr | null,
  raddr: UDPAddr | null,
  signal?: AbortSignal,
): Promise<UDPConn> {
  if (!isUDP(network)) {
    throw dialError(network, laddr, raddr, new UnknownNetworkError(network));
  }
  if (raddr === null) {
    throw dialError(network, laddr, null, errMissingAddress);
  }
  return dialUDP(link, { network, laddr, target: raddr, signal });
}

/** UDPListen is a listen as ListenConfig and ListenUDP want it. */
export interface UDPListen {
  readonly network: string;
  readonly target: UDPAddr | NamedTarget;
  readonly signal?: AbortSignal | undefined;
}

/** listenUDP opens a socket that receives on target. It fails with an OpError. */
export async function listenUDP(link: Link, { network, target, signal }: UDPListen): Promise<UDPConn> {
  const opened = await listenSock(link, {
    op: "listenPacket",
    network,
    afnet: network,
    laddr: target instanceof UDPAddr ? target : null,
    signal,
    encode: () => [listenedIP(network, target), []],
    decode: toUDPAddr,
  });
  return newUDPConn(opened, network, false);
}

/** ListenUDP of package net. */
export async function ListenUDP(
  link: Link,
  network: string,
  laddr: UDPAddr | null,
  signal?: AbortSignal,
): Promise<UDPConn> {
  if (!isUDP(network)) {
    throw listenError(network, laddr, new UnknownNetworkError(network));
  }
  return listenUDP(link, { network, target: laddr ?? new UDPAddr(), signal });
}

/** ListenMulticastUDP of package net. */
// BUG: an IPv4 group on "udp6" is EINVAL; Go gives a socket to which nothing comes.
export async function ListenMulticastUDP(
  link: Link,
  network: string,
  ifi: Interface | null,
  gaddr: UDPAddr | null,
  signal?: AbortSignal,
): Promise<UDPConn> {
  if (!isUDP(network)) {
    throw listenError(network, gaddr, new UnknownNetworkError(network));
  }
  if (gaddr === null || gaddr.IP === null) {
    throw listenError(network, gaddr, errMissingAddress);
  }
  const index = ifi?.Index ?? 0;
  const opened = await listenSock(link, {
    op: "listenMulticast",
    network,
    afnet: network,
    laddr: gaddr,
    signal,
    encode() {
      if (network === "udp4" && gaddr.IP?.To4() === null) {
        throw syscallError("setsockopt", "ENOPROTOOPT"); // as the kernel says to a group of IPv6 on such a socket
      }
      if (!Number.isInteger(index) || index < 0) {
        throw syscallError("setsockopt", "EADDRNOTAVAIL"); // as the kernel says of an interface it does not have
      }
      return [listenedIP(network, gaddr), index];
    },
    decode: toUDPAddr,
  });
  return newUDPConn(opened, network, false);
}
