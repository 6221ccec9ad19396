// The functions of package net that need a gateway, bound to one. `connect` gives a whole package of them; the names
// of the module itself are bound to the default gateway.

import { resolveIPAddr, resolveTCPAddr, resolveUDPAddr } from "./addrlist.js";
import { type BoundOS, boundOS } from "./boundos.js";
import { Dialer, type DialerFields } from "./dial.js";
import { brand } from "./errorvalue.js";
import { FileConn, FileListener, FilePacketConn } from "./file.js";
import {
  Interface,
  InterfaceAddrs,
  InterfaceByIndex,
  InterfaceByName,
  type InterfaceFields,
  Interfaces,
} from "./interface.js";
import type { IPAddr } from "./ipaddr.js";
import { DialIP, type IPConn, ListenIP } from "./iprawsock.js";
import type { Link } from "./link.js";
import { ListenConfig, type ListenConfigFields } from "./listen.js";
import type { Addr, Conn, Listener, PacketConn } from "./net.js";
import type { connOf, listenerOf, packetConnOf } from "./networks.js";
import type { File } from "./osfile.js";
import { type LookupSurface, lookupSurface } from "./resolver.js";
import type { TCPAddr } from "./tcpaddr.js";
import { DialTCP, ListenTCP, type TCPConn, type TCPListener } from "./tcpsock.js";
import type { UDPAddr } from "./udpaddr.js";
import { DialUDP, ListenMulticastUDP, ListenUDP, type UDPConn } from "./udpsock.js";
import type { UnixAddr } from "./unixaddr.js";
import { DialUnix, ListenUnix, ListenUnixgram, type UnixConn, type UnixListener } from "./unixsock.js";

/** Surface is what of package net goes through a gateway. */
export interface Surface extends LookupSurface {
  /** Dialer makes a Dialer for this gateway; fields that are left out are 0, null or empty. */
  readonly Dialer: new (
    fields?: DialerFields,
  ) => Dialer;
  /** ListenConfig makes a ListenConfig for this gateway; fields that are left out are 0 or empty. */
  readonly ListenConfig: new (
    fields?: ListenConfigFields,
  ) => ListenConfig;
  /** Interface makes an Interface of this gateway's machine, of which only Index counts for its methods. */
  readonly Interface: new (
    fields?: InterfaceFields,
  ) => Interface;
  /** os is package os as far as package net needs it, its NewFile for files of this gateway. */
  readonly os: BoundOS;

  /**
   * Dial connects to address on network.
   *
   * - "tcp", "tcp4" (IPv4 only), "tcp6" (IPv6 only), "udp", "udp4", "udp6": address is "host:port". Host is a name or an
   *   address, IPv6 in brackets, a zone behind "%"; an empty host is the gateway's own machine. Port is a number or the name
   *   of a service. A name is looked up at the gateway, and its addresses are tried in turn; with "tcp" IPv4 and IPv6 in
   *   parallel if need be.
   * - "ip", "ip4", "ip6" with a protocol, "ip4:icmp", "ip6:58": address is a host.
   * - "unix", "unixgram", "unixpacket": address is a path at the gateway, or an abstract name behind "@".
   *
   * signal gives up. It rejects with an OpError whose Err is a SyscallError, AddrError, DNSError or UnknownNetworkError.
   */
  Dial<N extends string>(network: N, address: string, signal?: AbortSignal): Promise<connOf<N>>;

  /** DialTimeout is {@link Dial} with a timeout in milliseconds, which includes looking the name up; 0 is none. */
  DialTimeout<N extends string>(
    network: N,
    address: string,
    timeout: number,
    signal?: AbortSignal,
  ): Promise<connOf<N>>;

  /** DialTCP connects to raddr, from laddr if it is not null. network is "tcp", "tcp4" or "tcp6". It rejects with an OpError. */
  DialTCP(
    network: string,
    laddr: TCPAddr | null,
    raddr: TCPAddr | null,
    signal?: AbortSignal,
  ): Promise<TCPConn>;

  /**
   * DialUDP makes a socket that exchanges datagrams with raddr alone, at laddr if it is not null. network is "udp", "udp4"
   * or "udp6". Nothing is sent, so nobody need be there. It rejects with an OpError.
   */
  DialUDP(
    network: string,
    laddr: UDPAddr | null,
    raddr: UDPAddr | null,
    signal?: AbortSignal,
  ): Promise<UDPConn>;

  /**
   * DialIP makes a socket that exchanges packets of one protocol with raddr alone, at laddr if it is not null. network is
   * "ip", "ip4" or "ip6" with a protocol behind ":". The gateway needs a privilege for it. It rejects with an OpError.
   */
  DialIP(network: string, laddr: IPAddr | null, raddr: IPAddr | null, signal?: AbortSignal): Promise<IPConn>;

  /**
   * DialUnix connects to raddr, from laddr if it is not null. network is "unix", "unixgram" or "unixpacket"; of "unixgram",
   * raddr may be null, and the socket is only bound to laddr. It rejects with an OpError.
   */
  DialUnix(
    network: string,
    laddr: UnixAddr | null,
    raddr: UnixAddr | null,
    signal?: AbortSignal,
  ): Promise<UnixConn>;

  /**
   * Listen announces on address at the gateway: on network "tcp" "127.0.0.1:0" for a free port of loopback, ":80" for port 80
   * of every address; on "unix" and "unixpacket" a path, or an abstract name behind "@". Networks of packets are for
   * {@link ListenPacket}. It rejects with an OpError.
   */
  Listen<N extends string>(network: N, address: string, signal?: AbortSignal): Promise<listenerOf<N>>;

  /**
   * ListenPacket opens a socket that receives packets at address: on network "udp" "host:port", on "ip4:icmp" and its like
   * a host, on "unixgram" a path. It rejects with an OpError.
   */
  ListenPacket<N extends string>(network: N, address: string, signal?: AbortSignal): Promise<packetConnOf<N>>;

  /** ListenTCP announces on laddr; null is any address and a free port. It rejects with an OpError. */
  ListenTCP(network: string, laddr: TCPAddr | null, signal?: AbortSignal): Promise<TCPListener>;

  /** ListenUDP opens a socket that receives at laddr; null is any address and a free port. It rejects with an OpError. */
  ListenUDP(network: string, laddr: UDPAddr | null, signal?: AbortSignal): Promise<UDPConn>;

  /**
   * ListenMulticastUDP opens a socket that receives what is sent to the group gaddr, on the interface ifi, or on the one that
   * the kernel chooses if ifi is null. It listens on every address at the group's port, so that it may receive what
   * was sent elsewhere, shares the port, and does not hear what itself sends. It rejects with an OpError.
   */
  ListenMulticastUDP(
    network: string,
    ifi: Interface | null,
    gaddr: UDPAddr | null,
    signal?: AbortSignal,
  ): Promise<UDPConn>;

  /** ListenIP opens a socket that receives packets of one protocol at laddr; null is any address. It rejects with an OpError. */
  ListenIP(network: string, laddr: IPAddr | null, signal?: AbortSignal): Promise<IPConn>;

  /** ListenUnix announces on laddr; network is "unix" or "unixpacket". It rejects with an OpError. */
  ListenUnix(network: string, laddr: UnixAddr | null, signal?: AbortSignal): Promise<UnixListener>;

  /**
   * ListenUnixgram opens a socket of datagrams at laddr; network is "unixgram". Closing it leaves the socket's file. It
   * rejects with an OpError.
   */
  ListenUnixgram(network: string, laddr: UnixAddr | null, signal?: AbortSignal): Promise<UnixConn>;

  /**
   * FileConn makes a connection of the socket that f is. It has a descriptor of its own: closing f does nothing to it. It
   * rejects with an OpError.
   */
  FileConn(f: File): Promise<Conn>;

  /** FileListener makes a listener of the socket that f is, in the same way as {@link FileConn}. */
  FileListener(f: File): Promise<Listener>;

  /** FilePacketConn makes a connection for packets of the socket that f is, in the same way as {@link FileConn}. */
  FilePacketConn(f: File): Promise<PacketConn>;

  /** Interfaces lists the network interfaces of the gateway's machine. It rejects with an OpError. */
  Interfaces(signal?: AbortSignal): Promise<Interface[]>;

  /** InterfaceAddrs lists the addresses of all interfaces, each an IPNet of the address and its mask. */
  InterfaceAddrs(signal?: AbortSignal): Promise<Addr[]>;

  /** InterfaceByIndex gives the interface of that index. If there is none, it rejects with an OpError. */
  InterfaceByIndex(index: number, signal?: AbortSignal): Promise<Interface>;

  /** InterfaceByName gives the interface of that name. If there is none, it rejects with an OpError. */
  InterfaceByName(name: string, signal?: AbortSignal): Promise<Interface>;

  /** ResolveTCPAddr turns "host:port" into an address; a name is looked up at the gateway, IPv4 is preferred. */
  ResolveTCPAddr(network: string, address: string, signal?: AbortSignal): Promise<TCPAddr>;

  /** ResolveUDPAddr does the same for UDP. */
  ResolveUDPAddr(network: string, address: string, signal?: AbortSignal): Promise<UDPAddr>;

  /** ResolveIPAddr turns a host into an address; network may have a protocol behind ":". */
  ResolveIPAddr(network: string, address: string, signal?: AbortSignal): Promise<IPAddr>;
}

/** surface binds the functions to link. */
export function surface(link: Link): Surface {
  const lookups = lookupSurface(link);
  const lookup = (signal?: AbortSignal) => lookups.DefaultResolver.lookup(signal);
  const dialer = new Dialer(link);
  const config = new ListenConfig(link);
  return {
    ...lookups,
    Dialer: bound("Dialer", Dialer, link),
    ListenConfig: bound("ListenConfig", ListenConfig, link),
    Interface: bound("Interface", Interface, link),
    os: boundOS(link),
    Dial: (network, address, signal) => dialer.DialContext(network, address, signal),
    DialTimeout: (network, address, timeout, signal) =>
      new Dialer(link, { Timeout: timeout }).DialContext(network, address, signal),
    DialTCP: (network, laddr, raddr, signal) => DialTCP(link, network, laddr, raddr, signal),
    DialUDP: (network, laddr, raddr, signal) => DialUDP(link, network, laddr, raddr, signal),
    DialIP: (network, laddr, raddr, signal) => DialIP(link, network, laddr, raddr, signal),
    DialUnix: (network, laddr, raddr, signal) => DialUnix(link, network, laddr, raddr, { signal }),
    Listen: (network, address, signal) => config.Listen(network, address, signal),
    ListenPacket: (network, address, signal) => config.ListenPacket(network, address, signal),
    ListenTCP: (network, laddr, signal) => ListenTCP(link, network, laddr, signal),
    ListenUDP: (network, laddr, signal) => ListenUDP(link, network, laddr, signal),
    ListenMulticastUDP: (network, ifi, gaddr, signal) =>
      ListenMulticastUDP(link, network, ifi, gaddr, signal),
    ListenIP: (network, laddr, signal) => ListenIP(link, network, laddr, signal),
    ListenUnix: (network, laddr, signal) => ListenUnix(link, network, laddr, signal),
    ListenUnixgram: (network, laddr, signal) => ListenUnixgram(link, network, laddr, signal),
    FileConn: (f) => FileConn(link, f),
    FileListener: (f) => FileListener(link, f),
    FilePacketConn: (f) => FilePacketConn(link, f),
    Interfaces: (signal) => Interfaces(link, signal),
    InterfaceAddrs: (signal) => InterfaceAddrs(link, signal),
    InterfaceByIndex: (index, signal) => InterfaceByIndex(link, index, signal),
    InterfaceByName: (name, signal) => InterfaceByName(link, name, signal),
    ResolveTCPAddr: (network, address, signal) => resolveTCPAddr(network, address, lookup(signal)),
    ResolveUDPAddr: (network, address, signal) => resolveUDPAddr(network, address, lookup(signal)),
    ResolveIPAddr: (network, address, signal) => resolveIPAddr(network, address, lookup(signal)),
  };
}

// bound is a class whose objects use link; to instanceof they are those of any other gateway too.
function bound<F, T extends object>(
  name: string,
  base: new (link: Link, fields?: F) => T,
  link: Link,
): new (
  fields?: F,
) => T {
  class made {
    constructor(fields?: F) {
      // biome-ignore lint/correctness/noConstructorReturn: an object of base, whose name this stands for
      return new base(link, fields);
    }
  }
  Object.defineProperty(made, "name", { value: name });
  brand(made, name);
  return made as unknown as new (
    fields?: F,
  ) => T;
}
