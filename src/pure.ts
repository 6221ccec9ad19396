// Everything of package net that needs no gateway.

export { resolveUnixAddr as ResolveUnixAddr } from "./addrlist.js";
export { Buffers } from "./buffers.js";
export * as context from "./context.js";
export { MX, NS, SRV } from "./dnsclient.js";
export * as errors from "./errors.js";
export {
  FlagBroadcast,
  FlagLoopback,
  FlagMulticast,
  FlagPointToPoint,
  FlagRunning,
  Flags,
  FlagUp,
} from "./interface.js";
export * as io from "./io.js";
export {
  CIDRMask,
  IP,
  IPMask,
  IPNet,
  IPv4,
  IPv4allrouter,
  IPv4allsys,
  IPv4bcast,
  IPv4len,
  IPv4Mask,
  IPv4zero,
  IPv6interfacelocalallnodes,
  IPv6len,
  IPv6linklocalallnodes,
  IPv6linklocalallrouters,
  IPv6loopback,
  IPv6unspecified,
  IPv6zero,
  ParseCIDR,
  ParseIP,
} from "./ip.js";
export { IPAddr } from "./ipaddr.js";
export { IPConn } from "./iprawsock.js";
export { JoinHostPort, SplitHostPort } from "./ipsock.js";
export { HardwareAddr, ParseMAC } from "./mac.js";
export {
  AddrError,
  DNSConfigError,
  DNSError,
  ErrClosed,
  ErrWriteToConnected,
  InvalidAddrError,
  OpError,
  ParseError,
  UnknownNetworkError,
} from "./net.js";
export { Pipe } from "./pipe.js";
export * as syscall from "./syscall.js";
export { TCPAddr } from "./tcpaddr.js";
export { TCPConn, TCPListener } from "./tcpsock.js";
export { UDPAddr } from "./udpaddr.js";
export { UDPConn } from "./udpsock.js";
export { UnixAddr } from "./unixaddr.js";
export { UnixConn, UnixListener } from "./unixsock.js";
