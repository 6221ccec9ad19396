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

/** DefaultResolver is the one that the functions Lookup…, Dial and Resolve use. See {@link gateway.Surface.DefaultResolver}. */
export const DefaultResolver = defaultSurface.DefaultResolver;

/** Dial connects to address on network. See {@link gateway.Surface.Dial}. */
export const Dial = defaultSurface.Dial;

/** Dialer makes a Dialer for this gateway. See {@link gateway.Surface.Dialer}. */
export const Dialer = defaultSurface.Dialer;

/** DialIP makes a socket that exchanges packets of one protocol with raddr alone, at laddr if it is not null. See {@link gateway.Surface.DialIP}. */
export const DialIP = defaultSurface.DialIP;

/** DialTCP connects to raddr, from laddr if it is not null. See {@link gateway.Surface.DialTCP}. */
export const DialTCP = defaultSurface.DialTCP;

/** DialTimeout is Dial with a timeout in milliseconds, which includes looking the name up. See {@link gateway.Surface.DialTimeout}. */
export const DialTimeout = defaultSurface.DialTimeout;

/** DialUDP makes a socket that exchanges datagrams with raddr alone, at laddr if it is not null. See {@link gateway.Surface.DialUDP}. */
export const DialUDP = defaultSurface.DialUDP;

/** DialUnix connects to raddr, from laddr if it is not null. See {@link gateway.Surface.DialUnix}. */
export const DialUnix = defaultSurface.DialUnix;

/** FileConn makes a connection of the socket that f is. See {@link gateway.Surface.FileConn}. */
export const FileConn = defaultSurface.FileConn;

/** FileListener makes a listener of the socket that f is, in the same way as FileConn. See {@link gateway.Surface.FileListener}. */
export const FileListener = defaultSurface.FileListener;

/** FilePacketConn makes a connection for packets of the socket that f is, in the same way as FileConn. See {@link gateway.Surface.FilePacketConn}. */
export const FilePacketConn = defaultSurface.FilePacketConn;

/** Interface makes an Interface of this gateway's machine, of which only Index counts for its methods. See {@link gateway.Surface.Interface}. */
export const Interface = defaultSurface.Interface;

/** InterfaceAddrs lists the addresses of all interfaces, each an IPNet of the address and its mask. See {@link gateway.Surface.InterfaceAddrs}. */
export const InterfaceAddrs = defaultSurface.InterfaceAddrs;

/** InterfaceByIndex gives the interface of that index. See {@link gateway.Surface.InterfaceByIndex}. */
export const InterfaceByIndex = defaultSurface.InterfaceByIndex;

/** InterfaceByName gives the interface of that name. See {@link gateway.Surface.InterfaceByName}. */
export const InterfaceByName = defaultSurface.InterfaceByName;

/** Interfaces lists the network interfaces of the gateway's machine. See {@link gateway.Surface.Interfaces}. */
export const Interfaces = defaultSurface.Interfaces;

/** Listen announces on address at the gateway. See {@link gateway.Surface.Listen}. */
export const Listen = defaultSurface.Listen;

/** ListenConfig makes a ListenConfig for this gateway. See {@link gateway.Surface.ListenConfig}. */
export const ListenConfig = defaultSurface.ListenConfig;

/** ListenIP opens a socket that receives packets of one protocol at laddr. See {@link gateway.Surface.ListenIP}. */
export const ListenIP = defaultSurface.ListenIP;

/** ListenMulticastUDP opens a socket that receives what is sent to the group gaddr, on the interface ifi, or on the one that the kernel chooses if ifi is null. See {@link gateway.Surface.ListenMulticastUDP}. */
export const ListenMulticastUDP = defaultSurface.ListenMulticastUDP;

/** ListenPacket opens a socket that receives packets at address. See {@link gateway.Surface.ListenPacket}. */
export const ListenPacket = defaultSurface.ListenPacket;

/** ListenTCP announces on laddr. See {@link gateway.Surface.ListenTCP}. */
export const ListenTCP = defaultSurface.ListenTCP;

/** ListenUDP opens a socket that receives at laddr. See {@link gateway.Surface.ListenUDP}. */
export const ListenUDP = defaultSurface.ListenUDP;

/** ListenUnix announces on laddr. See {@link gateway.Surface.ListenUnix}. */
export const ListenUnix = defaultSurface.ListenUnix;

/** ListenUnixgram opens a socket of datagrams at laddr. See {@link gateway.Surface.ListenUnixgram}. */
export const ListenUnixgram = defaultSurface.ListenUnixgram;

/** LookupAddr is {@link Resolver.LookupAddr} of the DefaultResolver. See {@link gateway.Surface.LookupAddr}. */
export const LookupAddr = defaultSurface.LookupAddr;

/** LookupCNAME is {@link Resolver.LookupCNAME} of the DefaultResolver. See {@link gateway.Surface.LookupCNAME}. */
export const LookupCNAME = defaultSurface.LookupCNAME;

/** LookupHost is {@link Resolver.LookupHost} of the DefaultResolver. See {@link gateway.Surface.LookupHost}. */
export const LookupHost = defaultSurface.LookupHost;

/** LookupIP returns the IP addresses of host, of both families, the one to try first in front. See {@link gateway.Surface.LookupIP}. */
export const LookupIP = defaultSurface.LookupIP;

/** LookupMX is {@link Resolver.LookupMX} of the DefaultResolver. See {@link gateway.Surface.LookupMX}. */
export const LookupMX = defaultSurface.LookupMX;

/** LookupNS is {@link Resolver.LookupNS} of the DefaultResolver. See {@link gateway.Surface.LookupNS}. */
export const LookupNS = defaultSurface.LookupNS;

/** LookupPort is {@link Resolver.LookupPort} of the DefaultResolver. See {@link gateway.Surface.LookupPort}. */
export const LookupPort = defaultSurface.LookupPort;

/** LookupSRV is {@link Resolver.LookupSRV} of the DefaultResolver. See {@link gateway.Surface.LookupSRV}. */
export const LookupSRV = defaultSurface.LookupSRV;

/** LookupTXT is {@link Resolver.LookupTXT} of the DefaultResolver. See {@link gateway.Surface.LookupTXT}. */
export const LookupTXT = defaultSurface.LookupTXT;

/** ResolveIPAddr turns a host into an address. See {@link gateway.Surface.ResolveIPAddr}. */
export const ResolveIPAddr = defaultSurface.ResolveIPAddr;

/** Resolver makes a Resolver for this gateway. See {@link gateway.Surface.Resolver}. */
export const Resolver = defaultSurface.Resolver;

/** ResolveTCPAddr turns "host:port" into an address. See {@link gateway.Surface.ResolveTCPAddr}. */
export const ResolveTCPAddr = defaultSurface.ResolveTCPAddr;

/** ResolveUDPAddr does the same for UDP. See {@link gateway.Surface.ResolveUDPAddr}. */
export const ResolveUDPAddr = defaultSurface.ResolveUDPAddr;

/** Dialer is what `new Dialer()` makes. */
export type Dialer = import("./dial.js").Dialer;

/** Interface is what `new Interface()` makes, and Interfaces lists. */
export type Interface = import("./interface.js").Interface;

/** ListenConfig is what `new ListenConfig()` makes. */
export type ListenConfig = import("./listen.js").ListenConfig;

/** Resolver is what `new Resolver()` makes. */
export type Resolver = import("./resolver.js").Resolver;
