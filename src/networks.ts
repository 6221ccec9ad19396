// The names of networks, and what Dial and Listen give for each, for the compiler.

import type { IPConn } from "./iprawsock.js";
import type { Conn, Listener, PacketConn } from "./net.js";
import type { TCPConn, TCPListener } from "./tcpsock.js";
import type { UDPConn } from "./udpsock.js";
import type { UnixConn, UnixListener } from "./unixsock.js";

/** tcpNetwork is the name of a TCP network: of both families, IPv4 only, IPv6 only. */
export type tcpNetwork = "tcp" | "tcp4" | "tcp6";

/** udpNetwork is the name of a UDP network. */
export type udpNetwork = "udp" | "udp4" | "udp6";

/** ipNetwork is the name of a network of raw IP with its protocol, "ip4:icmp", "ip6:58". */
export type ipNetwork = `ip:${string}` | `ip4:${string}` | `ip6:${string}`;

/** unixNetwork is the name of a network of Unix sockets: of bytes, of datagrams, of records. */
export type unixNetwork = "unix" | "unixgram" | "unixpacket";

/** connOf is what Dial gives on a network; a network that is known only when the program runs gives a Conn. */
export type connOf<N extends string> = N extends tcpNetwork
  ? TCPConn
  : N extends udpNetwork
    ? UDPConn
    : N extends ipNetwork
      ? IPConn
      : N extends unixNetwork
        ? UnixConn
        : Conn;

/** listenerOf is what Listen gives on a network. */
export type listenerOf<N extends string> = N extends tcpNetwork
  ? TCPListener
  : N extends "unix" | "unixpacket"
    ? UnixListener
    : Listener;

/** packetConnOf is what ListenPacket gives on a network. */
export type packetConnOf<N extends string> = N extends udpNetwork
  ? UDPConn
  : N extends ipNetwork
    ? IPConn
    : N extends "unixgram"
      ? UnixConn
      : PacketConn;
