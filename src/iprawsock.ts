// Raw IP: the connection, how to dial it and how to listen. The address is in ipaddr.ts.

import { conn } from "./conn.js";
import { brand } from "./errorvalue.js";
import { IPAddr } from "./ipaddr.js";
import type { Link, Opened } from "./link.js";
import { gatewayLookup } from "./lookup.js";
import {
  type Addr,
  ErrWriteToConnected,
  errMissingAddress,
  type OpError,
  type PacketConn,
  UnknownNetworkError,
} from "./net.js";
import { packetFD } from "./packetfd.js";
import { parseNetwork } from "./port.js";
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
import { type Family, familyOfSock, type IPPort, toIPAddr, toSockAddr } from "./sockaddr.js";
import { errno } from "./syscall.js";
import type { SockAddr } from "./wire/sockaddr.js";

// An IP address as those of TCP and UDP are: the port is nobody's.
function withPort({ IP: ip, Zone: zone }: IPAddr): IPPort {
  return { IP: ip, Port: 0, Zone: zone };
}

const leastHeaderBytes = 20;
const bytesPerWord = 4;

// stripIPv4Header moves what follows an IPv4 header (RFC 791, 3.1) to the front of b, and returns how many of n bytes it is.
function stripIPv4Header(n: number, b: Uint8Array): number {
  const [first = 0] = b;
  const length = (first & 0xf) * bytesPerWord;
  if (b.length < leastHeaderBytes || first >> 4 !== 4 || length < leastHeaderBytes || length > b.length) {
    return n;
  }
  b.copyWithin(0, length);
  return Math.max(0, n - length);
}

/**
 * IPConn is a raw IP socket for one protocol: connected to one other end (Dial, DialIP) or open to all (ListenPacket,
 * ListenIP). Of IPv4, Read and ReadMsgIP give packets with their header, ReadFrom and ReadFromIP without it; of IPv6 no
 * call gives it. What is written gets its header from the kernel.
 */
export class IPConn extends conn<packetFD> implements PacketConn {
  static {
    brand(IPConn, "IPConn");
  }

  readonly #family: Family;

  constructor(fd: packetFD, family: Family) {
    super(fd);
    this.#family = family;
  }

  /** ReadFrom is {@link ReadFromIP}. */
  ReadFrom(b: Uint8Array, signal?: AbortSignal): Promise<[n: number, addr: IPAddr | null]> {
    return this.ReadFromIP(b, signal);
  }

  /**
   * ReadFromIP copies one packet into b and resolves to the number of bytes and the sender. What does not fit into b is
   * lost; until it is taken away, the header of IPv4 needs its place in b too.
   */
  async ReadFromIP(b: Uint8Array, signal?: AbortSignal): Promise<[n: number, addr: IPAddr | null]> {
    try {
      const [n, from] = await this.fd.ReadFrom(b, signal);
      return [from?.[0] === 4 ? stripIPv4Header(n, b) : n, toIPAddr(from)];
    } catch (err) {
      throw this.failed("read", err);
    }
  }

  /**
   * ReadMsgIP copies one packet into b and its ancillary data into oob. It resolves to the numbers of bytes in both, the
   * flags of the message (syscall.MSG_TRUNC: b was too small), and the sender.
   */
  async ReadMsgIP(
    b: Uint8Array,
    oob: Uint8Array,
    signal?: AbortSignal,
  ): Promise<[n: number, oobn: number, flags: number, addr: IPAddr | null]> {
    try {
      const { n, oobn, flags, from } = await this.fd.ReadMsg(b, oob, signal);
      return [n, oobn, flags, toIPAddr(from)];
    } catch (err) {
      throw this.failed("read", err);
    }
  }

  /** WriteTo is {@link WriteToIP}; an address that is not an IPAddr is EINVAL. */
  async WriteTo(b: Uint8Array, addr: Addr | null, signal?: AbortSignal): Promise<number> {
    if (!(addr instanceof IPAddr)) {
      throw this.#notWritten(addr, errno("EINVAL"));
    }
    return this.WriteToIP(b, addr, signal);
  }

  /**
   * WriteToIP sends b as one packet to addr and resolves to b.length. On a connected socket it rejects with
   * ErrWriteToConnected.
   */
  async WriteToIP(b: Uint8Array, addr: IPAddr | null, signal?: AbortSignal): Promise<number> {
    try {
      return await this.fd.WriteTo(b, this.#to(addr, "sendto"), signal);
    } catch (err) {
      throw this.#notWritten(addr, err);
    }
  }

  /**
   * WriteMsgIP sends b as one packet, with ancillary data, to addr, and resolves to the numbers of bytes of both. On a
   * connected socket it rejects with ErrWriteToConnected.
   */
  async WriteMsgIP(
    b: Uint8Array,
    oob: Uint8Array | null,
    addr: IPAddr | null,
    signal?: AbortSignal,
  ): Promise<[n: number, oobn: number]> {
    try {
      const n = await this.fd.WriteMsg(b, oob ?? new Uint8Array(0), this.#to(addr, "sendmsg"), signal);
      return [n, oob?.length ?? 0];
    } catch (err) {
      throw this.#notWritten(addr, err);
    }
  }

  #to(addr: IPAddr | null, call: string): SockAddr {
    if (this.fd.isConnected) {
      throw ErrWriteToConnected;
    }
    if (addr === null) {
      throw errMissingAddress;
    }
    return toSockAddr(this.#family, withPort(addr), call);
  }

  #notWritten(addr: Addr | null, err: unknown): OpError {
    return this.failedTo("write", addr, err);
  }
}

/**
 * newIPConn makes the connection of a stream that the gateway opened; its result is both addresses. A raw socket does not
 * tell what it is connected to, so raddr is what was asked for.
 */
export function newIPConn(opened: Opened, net: string, raddr: IPAddr | null, isConnected: boolean): IPConn {
  const [local, remote] = opened.result;
  const laddr = toIPAddr(local) ?? new IPAddr();
  const fd = new packetFD(opened, net, laddr, raddr ?? toIPAddr(remote), isConnected);
  return new IPConn(fd, familyOfSock(local));
}

/** ipNetwork takes "ip4:icmp" apart; a network that is none of IP, or names no protocol, is UnknownNetworkError. */
export async function ipNetwork(link: Link, network: string): Promise<[afnet: string, protocol: number]> {
  const lookup = gatewayLookup(link);
  const [afnet, protocol] = parseNetwork<Promise<number>>(network, true, (name) => lookup.protocol(name));
  if (!/^ip[46]?$/.test(afnet)) {
    throw new UnknownNetworkError(network);
  }
  return [afnet, await protocol];
}

/** IPDial is a dial as Dialer and DialIP want it; protocol is the one that network names. */
export interface IPDial extends Ends {
  readonly network: string;
  readonly afnet: string;
  readonly protocol: number;
  readonly laddr: IPAddr | null;
  readonly target: IPAddr | NamedTarget;
}

/** dialIP dials and fails with an OpError that names the addresses. */
export async function dialIP(link: Link, dial: IPDial): Promise<IPConn> {
  const { afnet, protocol, laddr, target } = dial;
  const opened = await dialSock(link, {
    ...dial,
    options: [["protocol", protocol]],
    encode: () => dialledIP(afnet, laddr && withPort(laddr), isNamed(target) ? target : withPort(target)),
    decode: toIPAddr,
  });
  return newIPConn(opened, afnet, isNamed(target) ? null : target, true);
}

/** DialIP of package net. */
export async function DialIP(
  link: Link,
  network: string,
  laddr: IPAddr | null,
  raddr: IPAddr | null,
  signal?: AbortSignal,
): Promise<IPConn> {
  if (raddr === null) {
    throw dialError(network, laddr, null, errMissingAddress);
  }
  const [afnet, protocol] = await ipNetwork(link, network).catch((err: Error) => {
    throw dialError(network, laddr, raddr, err);
  });
  return dialIP(link, { network, afnet, protocol, laddr, target: raddr, signal });
}

/** IPListen is a listen as ListenConfig and ListenIP want it. */
export interface IPListen {
  readonly network: string;
  readonly afnet: string;
  readonly protocol: number;
  readonly target: IPAddr | NamedTarget;
  readonly signal?: AbortSignal | undefined;
}

/** listenIP opens a socket that receives on target. It fails with an OpError. */
export async function listenIP(link: Link, listen: IPListen): Promise<IPConn> {
  const { network, afnet, protocol, target, signal } = listen;
  const opened = await listenSock(link, {
    op: "listenPacket",
    network,
    afnet,
    laddr: isNamed(target) ? null : target,
    signal,
    encode: () => [listenedIP(afnet, isNamed(target) ? target : withPort(target)), [["protocol", protocol]]],
    decode: toIPAddr,
  });
  return newIPConn(opened, afnet, null, false);
}

/** ListenIP of package net. */
export async function ListenIP(
  link: Link,
  network: string,
  laddr: IPAddr | null,
  signal?: AbortSignal,
): Promise<IPConn> {
  const target = laddr ?? new IPAddr();
  const [afnet, protocol] = await ipNetwork(link, network).catch((err: Error) => {
    throw listenError(network, target, err);
  });
  return listenIP(link, { network, afnet, protocol, target, signal });
}
