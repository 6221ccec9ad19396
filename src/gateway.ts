// What is ours beside Go's names: the way to a gateway, and what the names in signatures stand for.

export type { Configuration, Net, Status } from "./connect.js";
export type { DialerFields } from "./dial.js";
export type { InterfaceFields } from "./interface.js";
export type { IPAddrFields } from "./ipaddr.js";
export type { SessionStatus } from "./link.js";
export type { ListenConfigFields } from "./listen.js";
export type { DNSErrorFields, OpErrorFields } from "./net.js";
export type {
  connOf,
  ipNetwork,
  listenerOf,
  packetConnOf,
  tcpNetwork,
  udpNetwork,
  unixNetwork,
} from "./networks.js";
export { type ConnectOptions, GatewayError } from "./opentransport.js";
export type { ResolverDial } from "./ownlookup.js";
export type { Detail } from "./pieces.js";
export type { ResolverFields } from "./resolver.js";
export type { Surface } from "./surface.js";
export type { TCPAddrFields } from "./tcpaddr.js";
export type { UDPAddrFields } from "./udpaddr.js";
export type { UnixAddrFields } from "./unixaddr.js";
