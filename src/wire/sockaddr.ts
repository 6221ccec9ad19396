// SockAddr is a socket address as it crosses the wire: plain data, the same from the addon to the page.
//   [4, 4 bytes, port]           IPv4
//   [6, 16 bytes, port, zone]    IPv6; zone is an interface name or "" for none
//   [1, name bytes]              Unix; empty for an unnamed socket, a first byte of 0 for an abstract name
export type SockAddr =
  | readonly [family: 4, ip: Uint8Array, port: number]
  | readonly [family: 6, ip: Uint8Array, port: number, zone: string]
  | readonly [family: 1, name: Uint8Array];
