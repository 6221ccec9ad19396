// Addresses that came over the wire without a port, as rows of a lookup.

import { ipAddrOf } from "./answers.js";
import { IP, IPv4len } from "./ip.js";
import { IPAddr } from "./ipaddr.js";
import type { SockAddr } from "./wire/sockaddr.js";

/** toIPAddr is what a socket address from the gateway means; the port is not looked at. */
export function toIPAddr(v: unknown): IPAddr {
  const [family, ip, , zone] = ipAddrOf(v);
  return new IPAddr({ IP: new IP(ip), Zone: family === 6 ? zone : "" });
}

/** fromIP is an address as it goes over the wire, with port 0. */
export function fromIP(ip: Uint8Array, zone: string): SockAddr {
  const plain = new Uint8Array(ip);
  return ip.length === IPv4len ? [4, plain, 0] : [6, plain, 0, zone];
}
