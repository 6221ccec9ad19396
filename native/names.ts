// The names of what the addon numbers: kinds of sockets, ways to shut one down, options.

import type { Family } from "./binding.js";

// socketTypes are the addon's numbers for the types of sockets.
export const socketTypes = { stream: 0, dgram: 1, seqpacket: 2, raw: 3 } as const;

// SockType is the kind of a socket, as socket(2) names it.
export type SockType = keyof typeof socketTypes;

// SocketKind is what a socket was made as. The protocol is a number of /etc/protocols; 0 on Unix sockets, and on systems
// that do not tell.
export interface SocketKind {
  family: Family;
  type: SockType;
  protocol: number;
}

// shutdowns are its numbers for the directions of a stream.
export const shutdowns = { read: 0, write: 1, both: 2 } as const;

// OptionName is a socket option whose value is one int: bytes, seconds, milliseconds (TCP_USER_TIMEOUT), a count, or
// 0 and 1. On a system that lacks the option, getting and setting it fail with ENOPROTOOPT.
export type OptionName =
  | "IPV6_RECVHOPLIMIT"
  | "IPV6_RECVPKTINFO"
  | "IPV6_TCLASS"
  | "IPV6_UNICAST_HOPS"
  | "IPV6_V6ONLY"
  | "IP_HDRINCL"
  | "IP_PKTINFO"
  | "IP_RECVTTL"
  | "IP_TOS"
  | "IP_TTL"
  | "SO_ACCEPTCONN"
  | "SO_BROADCAST"
  | "SO_DOMAIN"
  | "SO_ERROR"
  | "SO_KEEPALIVE"
  | "SO_PASSCRED"
  | "SO_PROTOCOL"
  | "SO_RCVBUF"
  | "SO_REUSEADDR"
  | "SO_REUSEPORT"
  | "SO_SNDBUF"
  | "SO_TYPE"
  | "TCP_KEEPCNT"
  | "TCP_KEEPIDLE"
  | "TCP_KEEPINTVL"
  | "TCP_NODELAY"
  | "TCP_USER_TIMEOUT";

// typeNames are the types of sockets in the order of their numbers.
export const typeNames = Object.keys(socketTypes) as SockType[];
