// Which of several addresses to try first: RFC 6724, as far as Go follows it.

import type { SockAddr } from "../wire/sockaddr.js";
import { mapped, unmapped } from "./names.js";

const bitsPerByte = 8;
const prefixBytes = 8; // of an IPv6 address; the rest names the interface
const loopbackByte = 127;

// RFC 6724, 3.1 and 3.2.
const scope = { linkLocal: 0x2, siteLocal: 0x5, global: 0xe } as const;

interface Policy {
  readonly prefix: readonly number[];
  readonly bits: number;
  readonly precedence: number;
  readonly label: number;
}

// RFC 6724, 2.1, the longest prefix first.
const policies: readonly Policy[] = [
  { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], bits: 128, precedence: 50, label: 0 }, // ::1
  { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], bits: 96, precedence: 35, label: 4 }, // IPv4
  { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], bits: 96, precedence: 1, label: 3 }, // IPv4-compatible
  { prefix: [0x20, 0x01, 0, 0], bits: 32, precedence: 5, label: 5 }, // Teredo
  { prefix: [0x20, 0x02], bits: 16, precedence: 30, label: 2 }, // 6to4
  { prefix: [0x3f, 0xfe], bits: 16, precedence: 1, label: 12 }, // 6bone
  { prefix: [0xfe, 0xc0], bits: 10, precedence: 1, label: 11 }, // site-local
  { prefix: [0xfc], bits: 7, precedence: 3, label: 13 }, // unique local
  { prefix: [], bits: 0, precedence: 40, label: 1 },
];

// Candidate is an address with what is known of the way to it.
interface Candidate {
  readonly address: SockAddr;
  readonly ip: Uint8Array; // 16 bytes
  readonly source: Uint8Array | null; // 16 bytes; null: there is no way
}

// inOrder sorts addresses, the best first; equal ones keep their order. sources has for each the address that the machine
// would send from, or null if it cannot reach it.
export function inOrder(
  addresses: readonly SockAddr[],
  sources: readonly (SockAddr | null)[],
): readonly SockAddr[] {
  const candidates = addresses.map((address, i): Candidate => {
    const from = sources[i] ?? null;
    return { address, ip: in16(address), source: from === null ? null : in16(from) };
  });
  return candidates.sort(compare).map((c) => c.address);
}

function in16(a: SockAddr): Uint8Array {
  return a[0] === 4 ? mapped(a[1]) : a[1];
}

// compare is below 0 if a is the better destination. The rules are those of RFC 6724, 6 that need no knowledge of
// deprecated, home or encapsulated addresses.
function compare(a: Candidate, b: Candidate): number {
  // Rule 1: what can be reached.
  if (a.source === null || b.source === null) {
    return Number(a.source === null) - Number(b.source === null);
  }
  const [policyA, policyB] = [policyOf(a.ip), policyOf(b.ip)];
  const [scopeA, scopeB] = [scopeOf(a.ip), scopeOf(b.ip)];
  return (
    // Rule 2: the scope of the source.
    yesFirst(scopeA === scopeOf(a.source), scopeB === scopeOf(b.source)) ||
    // Rule 5: the label of the source.
    yesFirst(policyA.label === policyOf(a.source).label, policyB.label === policyOf(b.source).label) ||
    // Rule 6: precedence.
    policyB.precedence - policyA.precedence ||
    // Rule 8: the smaller scope.
    scopeA - scopeB ||
    // Rule 9: the longest common prefix. Not for IPv4, where it says nothing and would undo a server's rotation.
    (isIPv4(a.ip) || isIPv4(b.ip) ? 0 : commonBits(b.source, b.ip) - commonBits(a.source, a.ip))
  );
}

function yesFirst(a: boolean, b: boolean): number {
  return Number(b) - Number(a);
}

function isIPv4(ip: Uint8Array): boolean {
  return unmapped([6, ip, 0, ""])[0] === 4;
}

function policyOf(ip: Uint8Array): Policy {
  const found = policies.find(({ prefix, bits }) => {
    const whole = bits >> 3;
    const rest = bits % bitsPerByte;
    const shift = bitsPerByte - rest;
    return (
      prefix.slice(0, whole).every((byte, i) => ip[i] === byte) &&
      (rest === 0 || (ip[whole] as number) >> shift === (prefix[whole] as number) >> shift)
    );
  });
  return found as Policy; // the last one fits all
}

function scopeOf(ip: Uint8Array): number {
  const at = (i: number): number => ip[i] as number;
  if (isIPv4(ip)) {
    const isLocal = at(12) === loopbackByte || (at(12) === 169 && at(13) === 254);
    return isLocal ? scope.linkLocal : scope.global;
  }
  const isLoopback = ip.every((byte, i) => byte === (i === ip.length - 1 ? 1 : 0));
  if (isLoopback || (at(0) === 0xfe && (at(1) & 0xc0) === 0x80)) return scope.linkLocal;
  if (at(0) === 0xff) return at(1) & 0xf; // multicast says it itself
  if (at(0) === 0xfe && (at(1) & 0xc0) === 0xc0) return scope.siteLocal;
  return scope.global;
}

// commonBits counts the leading bits that two IPv6 addresses share in their prefix.
function commonBits(a: Uint8Array, b: Uint8Array): number {
  if (isIPv4(a) !== isIPv4(b)) return 0;
  for (let i = 0; i < prefixBytes; i++) {
    const differing = (a[i] as number) ^ (b[i] as number);
    if (differing !== 0) return i * bitsPerByte + Math.clz32(differing) - 24;
  }
  return prefixBytes * bitsPerByte;
}
