// What a gateway answers is checked before it is used: one that is not ours, or not in its right mind, gets an error of its
// caller's kind and nothing else.

import { New } from "./errors.js";
import { IPv4len, IPv6len } from "./ip.js";
import type { SockAddr } from "./wire/sockaddr.js";

/** IPSockAddr is a socket address of IP. */
export type IPSockAddr = Exclude<SockAddr, readonly [family: 1, ...unknown[]]>;

const maxPort = 65535;

/** malformed is the error of an answer that is not of the form the protocol says (docs/protocol.md, part 7). */
export function malformed(): Error {
  return New("malformed answer from the gateway");
}

/** rowOf is v, if it is a list. Else it throws. */
export function rowOf(v: unknown): readonly unknown[] {
  if (!Array.isArray(v)) {
    throw malformed();
  }
  return v;
}

/** countOf is v, if it is a whole number from 0 on. Else it throws. */
export function countOf(v: unknown): number {
  if (!Number.isSafeInteger(v) || (v as number) < 0) {
    throw malformed();
  }
  return v as number;
}

/** textOf is v, if it is a string. Else it throws. */
export function textOf(v: unknown): string {
  if (typeof v !== "string") {
    throw malformed();
  }
  return v;
}

/** textsOf is v, if it is a list of strings. Else it throws. */
export function textsOf(v: unknown): readonly string[] {
  return rowOf(v).map(textOf);
}

/** bytesOf is v, if it is bytes. Else it throws. */
export function bytesOf(v: unknown): Uint8Array {
  if (!(v instanceof Uint8Array)) {
    throw malformed();
  }
  return v;
}

/** ipOf is v, if it is the bytes of an IP address. Else it throws. */
export function ipOf(v: unknown): Uint8Array {
  const ip = bytesOf(v);
  if (ip.length !== IPv4len && ip.length !== IPv6len) {
    throw malformed();
  }
  return ip;
}

/** ipAddrOf is v, if it is a socket address of IP. Else it throws. */
export function ipAddrOf(v: unknown): IPSockAddr {
  const [family, bytes, port, zone] = rowOf(v);
  const ip = ipOf(bytes);
  if (countOf(port) > maxPort) {
    throw malformed();
  }
  if (family === 4 && ip.length === IPv4len) {
    return [4, ip, port as number];
  }
  if (family === 6 && ip.length === IPv6len) {
    return [6, ip, port as number, textOf(zone)];
  }
  throw malformed();
}
