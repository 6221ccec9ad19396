// How far a packet may go, said for this one packet: the control message of ip(7) and of RFC 3542, section 6.3.

import type { Version } from "./icmp.js";

// linux/amd64, as everything that goes through package syscall.
const messages = {
  4: { level: 0, type: 2 }, // IPPROTO_IP, IP_TTL
  6: { level: 41, type: 52 }, // IPPROTO_IPV6, IPV6_HOPLIMIT
} as const;

// struct cmsghdr is a length in 8 bytes, level and type in 4 each; the whole is a multiple of 8.
const headerBytes = 16;
const intBytes = 4;
const messageBytes = 24;

/** hopLimit is the ancillary data that lets a packet go over so many hops. */
export function hopLimit(version: Version, hops: number): Uint8Array {
  const { level, type } = messages[version];
  const b = new Uint8Array(messageBytes);
  const view = new DataView(b.buffer);
  view.setBigUint64(0, BigInt(headerBytes + intBytes), true);
  view.setInt32(8, level, true);
  view.setInt32(12, type, true);
  view.setInt32(headerBytes, hops, true);
  return b;
}
