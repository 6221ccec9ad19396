// Every public name. What is spelled with a capital is Go's package net; connect, configure and what belongs to them
// are ours.

export { configure, connect, type Net, session } from "./connect.js";
export { type ConnectOptions, GatewayError, type SessionStatus } from "./link.js";
export type { Addr, Conn, Listener, NetError as Error, PacketConn, Time } from "./net.js";
export type { ResolverDial } from "./ownlookup.js";
export type { Detail } from "./pieces.js";
export * from "./pure.js";
export type { ResolverFields } from "./resolver.js";
export type { Surface, TCPNetwork } from "./surface.js";

import { defaultSurface } from "./connect.js";

export const {
  DefaultResolver,
  Dial,
  DialTimeout,
  DialTCP,
  DialUDP,
  DialUnix,
  DialIP,
  Listen,
  ListenTCP,
  LookupAddr,
  LookupCNAME,
  LookupHost,
  LookupIP,
  LookupMX,
  LookupNS,
  LookupPort,
  LookupSRV,
  LookupTXT,
  Resolver,
  ResolveTCPAddr,
} = defaultSurface;

/** Resolver is what `new Resolver()` makes. */
export type Resolver = import("./resolver.js").Resolver;
