// Every public name. What is spelled with a capital is Go's package net; connect, configure and what belongs to them
// are ours.

export { configure, connect, session } from "./connect.js";
export * as os from "./defaultos.js";
export * as gateway from "./gateway.js";
export type { KeepAliveConfig } from "./keepalive.js";
export type { Addr, Conn, Listener, NetError as Error, PacketConn } from "./net.js";
export * from "./pure.js";
export type * as time from "./time.js";

import { defaultSurface } from "./connect.js";

export const {
  DefaultResolver,
  Dial,
  Dialer,
  DialIP,
  DialTCP,
  DialTimeout,
  DialUDP,
  DialUnix,
  FileConn,
  FileListener,
  FilePacketConn,
  Interface,
  InterfaceAddrs,
  InterfaceByIndex,
  InterfaceByName,
  Interfaces,
  Listen,
  ListenConfig,
  ListenIP,
  ListenMulticastUDP,
  ListenPacket,
  ListenTCP,
  ListenUDP,
  ListenUnix,
  ListenUnixgram,
  LookupAddr,
  LookupCNAME,
  LookupHost,
  LookupIP,
  LookupMX,
  LookupNS,
  LookupPort,
  LookupSRV,
  LookupTXT,
  ResolveIPAddr,
  Resolver,
  ResolveTCPAddr,
  ResolveUDPAddr,
} = defaultSurface;

/** Dialer is what `new Dialer()` makes. */
export type Dialer = import("./dial.js").Dialer;

/** Interface is what `new Interface()` makes, and Interfaces lists. */
export type Interface = import("./interface.js").Interface;

/** ListenConfig is what `new ListenConfig()` makes. */
export type ListenConfig = import("./listen.js").ListenConfig;

/** Resolver is what `new Resolver()` makes. */
export type Resolver = import("./resolver.js").Resolver;
