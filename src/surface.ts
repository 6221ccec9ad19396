// The functions of package net that need a gateway, bound to one. `connect` gives a whole package of them; the names
// of the module itself are bound to the default gateway.

import { resolveTCPAddr } from "./addrlist.js";
import { dial, listen } from "./dial.js";
import type { IPAddr } from "./ipaddr.js";
import { DialIP } from "./iprawsock.js";
import type { Link } from "./link.js";
import type { Conn, Listener } from "./net.js";
import { type LookupSurface, lookupSurface } from "./resolver.js";
import type { TCPAddr } from "./tcpaddr.js";
import { DialTCP, ListenTCP, type TCPConn, type TCPListener } from "./tcpsock.js";
import type { UDPAddr } from "./udpaddr.js";
import { DialUDP } from "./udpsock.js";
import type { UnixAddr } from "./unixaddr.js";
import { DialUnix } from "./unixsock.js";

/** TCPNetwork is the name of a TCP network: of both families, IPv4 only, IPv6 only. */
export type TCPNetwork = "tcp" | "tcp4" | "tcp6";

/** Surface is what of package net goes through a gateway. */
export interface Surface extends LookupSurface {
  /**
   * Dial connects to address on network: "tcp" with "host:port". Host is a name or an address, IPv6 in brackets; an
   * empty host is the gateway's own machine; port is a number or a service. A name is looked up at the gateway, and its
   * addresses are tried in turn. signal gives up.
   *
   * It rejects with an OpError whose Err is a SyscallError, AddrError, DNSError or UnknownNetworkError.
   */
  Dial(network: TCPNetwork, address: string, signal?: AbortSignal): Promise<TCPConn>;
  Dial(network: string, address: string, signal?: AbortSignal): Promise<Conn>;

  /** DialTimeout is {@link Surface.Dial} with a timeout in milliseconds, which includes looking the name up; 0 is none. */
  DialTimeout(network: TCPNetwork, address: string, timeout: number, signal?: AbortSignal): Promise<TCPConn>;
  DialTimeout(network: string, address: string, timeout: number, signal?: AbortSignal): Promise<Conn>;

  /** DialTCP connects to raddr, from laddr if it is not null. network is "tcp", "tcp4" or "tcp6". */
  DialTCP(
    network: string,
    laddr: TCPAddr | null,
    raddr: TCPAddr | null,
    signal?: AbortSignal,
  ): Promise<TCPConn>;

  /** DialUDP is not served by today's gateway: it rejects. */
  DialUDP(network: string, laddr: UDPAddr | null, raddr: UDPAddr | null): Promise<Conn>;

  /** DialUnix is not served by today's gateway: it rejects. */
  DialUnix(network: string, laddr: UnixAddr | null, raddr: UnixAddr | null): Promise<Conn>;

  /** DialIP is not served by today's gateway: it rejects. */
  DialIP(network: string, laddr: IPAddr | null, raddr: IPAddr | null): Promise<Conn>;

  /**
   * Listen announces on address at the gateway: "127.0.0.1:0" for a free port of loopback, ":80" for port 80 of every
   * address. It rejects with an OpError.
   */
  Listen(network: TCPNetwork, address: string, signal?: AbortSignal): Promise<TCPListener>;
  Listen(network: string, address: string, signal?: AbortSignal): Promise<Listener>;

  /** ListenTCP announces on laddr; null is any address and a free port. */
  ListenTCP(network: string, laddr: TCPAddr | null): Promise<TCPListener>;

  /** ResolveTCPAddr turns "host:port" into an address; a name is looked up at the gateway, IPv4 is preferred. */
  ResolveTCPAddr(network: string, address: string): Promise<TCPAddr>;
}

/** surface binds the functions to link. */
export function surface(link: Link): Surface {
  const lookups = lookupSurface(link);
  return {
    ...lookups,
    Dial: (network: string, address: string, signal?: AbortSignal) =>
      dial(link, network, address, { timeoutMs: 0, signal }) as Promise<TCPConn>,
    DialTimeout: (network: string, address: string, timeout: number, signal?: AbortSignal) =>
      dial(link, network, address, { timeoutMs: timeout, signal }) as Promise<TCPConn>,
    DialTCP: (network, laddr, raddr, signal) => DialTCP(link, network, laddr, raddr, signal),
    DialUDP: (network, laddr, raddr) => DialUDP(link, network, laddr, raddr),
    DialUnix: (network, laddr, raddr) => DialUnix(link, network, laddr, raddr),
    DialIP: (network, laddr, raddr) => DialIP(link, network, laddr, raddr),
    Listen: (network: string, address: string, signal?: AbortSignal) =>
      listen(link, network, address, signal) as Promise<TCPListener>,
    ListenTCP: (network, laddr) => ListenTCP(link, network, laddr),
    ResolveTCPAddr: (network, address) => resolveTCPAddr(network, address, lookups.DefaultResolver.lookup()),
  };
}
