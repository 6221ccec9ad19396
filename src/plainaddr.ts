// Addresses that came over the wire without a port, as rows of a lookup.

import { IP, IPv4len, IPv6len } from "./ip.js";
import { IPAddr } from "./ipaddr.js";
import type { SockAddr } from "./wire/sockaddr.js";

/** toIPAddr is what a socket address from the gateway means; the port is not looked at. */
export function toIPAddr(v: unknown): IPAddr {
  const [family, ip, , zone] = Array.isArray(v) ? (v as unknown[]) : [];
  if (!(ip instanceof Uint8Array) || ip.length !== (family === 4 ? IPv4len : IPv6len)) {
    throw new TypeError("gonet: the gateway gave something that is no address");
  }
  return new IPAddr({ IP: new IP(ip), Zone: typeof zone === "string" ? zone : "" });
}

/** fromIP is an address as it goes over the wire, with port 0. */
export function fromIP(ip: Uint8Array, zone: string): SockAddr {
  const plain = new Uint8Array(ip);
  return ip.length === IPv4len ? [4, plain, 0] : [6, plain, 0, zone];
}
