// IP addresses, masks and networks, as bytes.

import { brand } from "./errorvalue.js";
import { AddrError, ParseError } from "./net.js";
import { hexString, parseDecimal } from "./parse.js";

/** IPv4len is the number of bytes of an IPv4 address. */
export const IPv4len = 4;

/** IPv6len is the number of bytes of an IPv6 address. */
export const IPv6len = 16;

// An IPv4 address in 16 bytes is 10 bytes 0, 2 bytes 0xff, then the address (RFC 4291, 2.5.5.2).
const v4InV6Prefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
const prefixLen = v4InV6Prefix.length;

const byteBits = 8;

/**
 * IP is one IP address, of 4 or 16 bytes; the functions here take both. An IPv4 address may have either length: what
 * kind it is, is told by {@link IP.To4}, not by the length. Any other length is no address; its methods answer as Go's do.
 * What Go calls a nil IP is null.
 */
export class IP extends Uint8Array {
  static {
    brand(IP, "IP");
  }

  static override of(...bytes: number[]): IP {
    return new IP(bytes);
  }

  override subarray(begin?: number, end?: number): IP {
    return super.subarray(begin, end) as IP;
  }

  override slice(begin?: number, end?: number): IP {
    return super.slice(begin, end) as IP;
  }

  /** String returns "192.0.2.1", "2001:db8::1" (RFC 5952), "<nil>" if ip is empty, "?" and digits if no address. */
  String(): string {
    if (this.length === 0) {
      return "<nil>";
    }
    const v4 = this.To4();
    if (v4 !== null) {
      return v4.join(".");
    }
    return this.length === IPv6len ? ipv6String(this) : `?${hexString(this)}`;
  }

  override toString(): string {
    return this.String();
  }

  /** toJSON returns the text form, as Go's encoding does. */
  toJSON(): string {
    return ipEmptyString(this);
  }

  /** Equal reports whether x is the same address; an IPv4 address equals itself in 16 bytes. */
  Equal(x: Uint8Array | null): boolean {
    const a = this.length === IPv4len || x?.length === IPv4len ? unmapped(this) : this;
    const b = this.length === IPv4len || x?.length === IPv4len ? unmapped(x) : x;
    return sameBytes(a, b);
  }

  /** To4 returns the 4 bytes of an IPv4 address, sharing memory with ip, or null if it is none. */
  To4(): IP | null {
    if (this.length === IPv4len) {
      return this;
    }
    return this.length === IPv6len && hasPrefix(this) ? this.subarray(prefixLen) : null;
  }

  /** To16 returns the address in 16 bytes, sharing memory with ip if it has them, or null if it is no address. */
  To16(): IP | null {
    if (this.length === IPv4len) {
      return mapped(this);
    }
    return this.length === IPv6len ? this : null;
  }

  /** Mask returns ip with only the bits of mask left, in new memory, or null if the lengths do not fit. */
  Mask(mask: Uint8Array | null): IP | null {
    let ip: Uint8Array = this;
    let m = mask ?? new Uint8Array();
    if (m.length === IPv6len && ip.length === IPv4len && m.subarray(0, prefixLen).every((b) => b === 0xff)) {
      m = m.subarray(prefixLen);
    }
    if (m.length === IPv4len && ip.length === IPv6len && hasPrefix(ip)) {
      ip = ip.subarray(prefixLen);
    }
    return ip.length === m.length ? (IP.from(ip, (b, i) => b & at(m, i)) as IP) : null;
  }

  /** DefaultMask returns the mask of the address's class (/8, /16, /24), or null if it is not an IPv4 address. */
  DefaultMask(): IPMask | null {
    const v4 = this.To4();
    if (v4 === null) {
      return null;
    }
    const first = at(v4, 0);
    const ones = first < 0x80 ? 8 : first < 0xc0 ? 16 : 24;
    return CIDRMask(ones, byteBits * IPv4len);
  }

  /** IsUnspecified reports whether ip is 0.0.0.0 or ::. */
  IsUnspecified(): boolean {
    return this.Equal(IPv4zero) || this.Equal(IPv6unspecified);
  }

  /** IsLoopback reports whether ip is in 127/8 or is ::1. */
  IsLoopback(): boolean {
    const v4 = this.To4();
    return v4 !== null ? at(v4, 0) === 127 : this.Equal(IPv6loopback);
  }

  /** IsPrivate reports whether ip is for private use: 10/8, 172.16/12, 192.168/16 (RFC 1918), fc00::/7 (RFC 4193). */
  IsPrivate(): boolean {
    const v4 = this.To4();
    if (v4 !== null) {
      const [a, b] = [at(v4, 0), at(v4, 1)];
      return a === 10 || (a === 172 && (b & 0xf0) === 16) || (a === 192 && b === 168);
    }
    return this.length === IPv6len && (at(this, 0) & 0xfe) === 0xfc;
  }

  /** IsMulticast reports whether ip is in 224/4 or ff00::/8. */
  IsMulticast(): boolean {
    const v4 = this.To4();
    return v4 !== null ? (at(v4, 0) & 0xf0) === 0xe0 : isMulticast6(this);
  }

  /** IsInterfaceLocalMulticast reports whether ip is an IPv6 multicast address of interface-local scope. */
  IsInterfaceLocalMulticast(): boolean {
    return isMulticast6(this) && (at(this, 1) & 0x0f) === 0x01;
  }

  /** IsLinkLocalMulticast reports whether ip is in 224.0.0/24 or is an IPv6 multicast address of link-local scope. */
  IsLinkLocalMulticast(): boolean {
    const v4 = this.To4();
    if (v4 !== null) {
      return at(v4, 0) === 224 && at(v4, 1) === 0 && at(v4, 2) === 0;
    }
    return isMulticast6(this) && (at(this, 1) & 0x0f) === 0x02;
  }

  /** IsLinkLocalUnicast reports whether ip is in 169.254/16 or fe80::/10. */
  IsLinkLocalUnicast(): boolean {
    const v4 = this.To4();
    if (v4 !== null) {
      return at(v4, 0) === 169 && at(v4, 1) === 254;
    }
    return this.length === IPv6len && at(this, 0) === 0xfe && (at(this, 1) & 0xc0) === 0x80;
  }

  /** IsGlobalUnicast reports whether ip is an address of one host beyond the link; private addresses count. */
  IsGlobalUnicast(): boolean {
    return (
      (this.length === IPv4len || this.length === IPv6len) &&
      !this.Equal(IPv4bcast) &&
      !this.IsUnspecified() &&
      !this.IsLoopback() &&
      !this.IsMulticast() &&
      !this.IsLinkLocalUnicast()
    );
  }

  /** MarshalText returns the bytes of String(), nothing if ip is empty. If ip is no address it throws AddrError. */
  MarshalText(): Uint8Array {
    if (this.length !== 0 && this.length !== IPv4len && this.length !== IPv6len) {
      throw new AddrError({ Err: "invalid IP address", Addr: hexString(this) });
    }
    return new TextEncoder().encode(ipEmptyString(this));
  }

  /** AppendText returns b with the bytes of {@link MarshalText} after it, in new memory. */
  AppendText(b: Uint8Array): Uint8Array {
    const text = this.MarshalText();
    const all = new Uint8Array(b.length + text.length);
    all.set(b);
    all.set(text, b.length);
    return all;
  }

  /**
   * UnmarshalText returns the address that text is, or null if text is empty. If it is no address it throws ParseError.
   * Where Go changes the receiver, the result is new here: a typed array cannot change its length.
   */
  UnmarshalText(text: Uint8Array | string): IP | null {
    const s = typeof text === "string" ? text : new TextDecoder().decode(text);
    if (s === "") {
      return null;
    }
    const ip = ParseIP(s);
    if (ip === null) {
      throw new ParseError({ Type: "IP address", Text: s });
    }
    return ip;
  }
}

/** IPMask is a bit mask for an IP address, of 4 or 16 bytes. */
export class IPMask extends Uint8Array {
  static {
    brand(IPMask, "IPMask");
  }

  static override of(...bytes: number[]): IPMask {
    return new IPMask(bytes);
  }

  /** Size returns the number of leading ones and of all bits; 0 and 0 if the ones do not all come first. */
  Size(): [ones: number, bits: number] {
    const ones = leadingOnes(this);
    return ones === null ? [0, 0] : [ones, byteBits * this.length];
  }

  /** String returns the mask in hexadecimal digits, "<nil>" if it is empty. */
  String(): string {
    return this.length === 0 ? "<nil>" : hexString(this);
  }

  override toString(): string {
    return this.String();
  }
}

/** IPNetFields are the fields of an {@link IPNet}; what is left out is null. */
export interface IPNetFields {
  readonly IP?: IP | null;
  readonly Mask?: IPMask | null;
}

/** IPNet is an IP network. */
export class IPNet {
  static {
    brand(IPNet, "IPNet");
  }

  /** IP is the number of the network. */
  IP: IP | null;
  /** Mask is the mask of the network. */
  Mask: IPMask | null;

  constructor(fields: IPNetFields = {}) {
    this.IP = fields.IP ?? null;
    this.Mask = fields.Mask ?? null;
  }

  /** Contains reports whether ip is in the network. */
  Contains(ip: IP | null): boolean {
    const [net, mask] = this.#numberAndMask() ?? [empty, empty];
    const x = ip?.To4() ?? ip ?? empty;
    return x.length === net.length && x.every((b, i) => ((b ^ at(net, i)) & at(mask, i)) === 0);
  }

  /** Network returns "ip+net". */
  Network(): string {
    return "ip+net";
  }

  /** String returns "192.0.2.0/24" or "2001:db8::/48"; "198.51.100.0/c000ff00" if the mask's ones do not all come first. */
  String(): string {
    const parts = this.#numberAndMask();
    if (parts === null) {
      return "<nil>";
    }
    const [net, mask] = parts;
    return `${net.String()}/${leadingOnes(mask) ?? hexString(mask)}`;
  }

  toString(): string {
    return this.String();
  }

  // Both in 4 bytes or both in 16; null if they do not fit together.
  #numberAndMask(): [net: IP, mask: Uint8Array] | null {
    const net = this.IP?.To4() ?? this.IP;
    const mask = this.Mask;
    if (net === null || mask === null || (net.length !== IPv4len && net.length !== IPv6len)) {
      return null;
    }
    if (net.length === IPv4len && mask.length === IPv6len) {
      return [net, mask.subarray(prefixLen)];
    }
    return net.length === mask.length ? [net, mask] : null;
  }
}

const empty = new IP();

/** IPv4 returns the address a.b.c.d, in 16 bytes. */
export function IPv4(a: number, b: number, c: number, d: number): IP {
  return mapped([a, b, c, d]);
}

/** IPv4Mask returns the mask a.b.c.d, in 4 bytes. */
export function IPv4Mask(a: number, b: number, c: number, d: number): IPMask {
  return new IPMask([a, b, c, d]);
}

/** CIDRMask returns a mask of that many leading ones in 32 or 128 bits; null for another number of bits, or more ones. */
export function CIDRMask(ones: number, bits: number): IPMask | null {
  if ((bits !== byteBits * IPv4len && bits !== byteBits * IPv6len) || !(ones >= 0 && ones <= bits)) {
    return null;
  }
  const mask = new IPMask(bits / byteBits);
  for (let i = 0; i < mask.length; i++) {
    const inByte = Math.min(Math.max(ones - i * byteBits, 0), byteBits);
    mask[i] = 0xff << (byteBits - inByte);
  }
  return mask;
}

/** IPv4bcast is the limited broadcast address, 255.255.255.255. */
export const IPv4bcast = IPv4(255, 255, 255, 255);
/** IPv4allsys is the group of all systems, 224.0.0.1. */
export const IPv4allsys = IPv4(224, 0, 0, 1);
/** IPv4allrouter is the group of all routers, 224.0.0.2. */
export const IPv4allrouter = IPv4(224, 0, 0, 2);
/** IPv4zero is 0.0.0.0. */
export const IPv4zero = IPv4(0, 0, 0, 0);

/** IPv6zero is ::. */
export const IPv6zero = ipv6(0, 0);
/** IPv6unspecified is ::. */
export const IPv6unspecified = ipv6(0, 0);
/** IPv6loopback is ::1. */
export const IPv6loopback = ipv6(0, 1);
/** IPv6interfacelocalallnodes is the group of all nodes of the interface, ff01::1. */
export const IPv6interfacelocalallnodes = ipv6(0xff01, 1);
/** IPv6linklocalallnodes is the group of all nodes of the link, ff02::1. */
export const IPv6linklocalallnodes = ipv6(0xff02, 1);
/** IPv6linklocalallrouters is the group of all routers of the link, ff02::2. */
export const IPv6linklocalallrouters = ipv6(0xff02, 2);

/**
 * ParseIP returns the address that s is, in 16 bytes, or null. It takes "192.0.2.1", "2001:db8::68" and
 * "::ffff:192.0.2.1". Numbers with leading zeros ("010.0.0.1") and groups of more than 4 digits are refused.
 */
export function ParseIP(s: string): IP | null {
  return s.includes(":") ? parseIPv6(s) : parseIPv4(s);
}

/**
 * ParseCIDR returns the address and the network that s is, "192.0.2.1/24" for 192.0.2.1 and 192.0.2.0/24. If s is
 * not of that form it throws ParseError.
 */
export function ParseCIDR(s: string): [ip: IP, net: IPNet] {
  const slash = s.indexOf("/");
  const addr = slash < 0 ? "" : s.slice(0, slash);
  const ones = slash < 0 ? null : parseDecimal(s.slice(slash + 1));
  const ip = ParseIP(addr);
  const bits = byteBits * (addr.includes(":") ? IPv6len : IPv4len);
  const mask = ones === null ? null : CIDRMask(ones, bits);
  if (ip === null || mask === null) {
    throw new ParseError({ Type: "CIDR address", Text: s });
  }
  return [ip, new IPNet({ IP: ip.Mask(mask), Mask: mask })];
}

/**
 * parseIPZone is {@link ParseIP} for "fe80::1%eth0": it returns the address and what stands after the last percent
 * sign. An IPv4 address has no zone.
 */
export function parseIPZone(s: string): [ip: IP | null, zone: string] {
  if (/[.:]/.exec(s)?.[0] !== ":") {
    return [parseIPv4(s), ""];
  }
  const [host, zone] = splitHostZone(s);
  return [parseIPv6(host), zone];
}

/** splitHostZone splits s at its last percent sign, unless that is the first character. */
export function splitHostZone(s: string): [host: string, zone: string] {
  const i = s.lastIndexOf("%");
  return i > 0 ? [s.slice(0, i), s.slice(i + 1)] : [s, ""];
}

/** ipEmptyString is String() without the "<nil>". */
export function ipEmptyString(ip: IP | null): string {
  return ip === null || ip.length === 0 ? "" : ip.String();
}

function parseIPv4(s: string): IP | null {
  const octets = s.split(".", IPv4len + 1);
  if (
    octets.length !== IPv4len ||
    !octets.every((o) => /^(0|[1-9][0-9]{0,2})$/.test(o) && Number(o) <= 0xff)
  ) {
    return null;
  }
  return mapped(octets.map(Number));
}

function parseIPv6(s: string): IP | null {
  // At most one "::", which stands for one group of zeros or more.
  const halves = s.split("::", 3);
  const tail = halves.pop() ?? "";
  const head = halves.pop();
  if (halves.length > 0) {
    return null;
  }
  const end = parseGroups(tail, true);
  const start = head === undefined ? [] : parseGroups(head, false);
  if (start === null || end === null) {
    return null;
  }
  const zeros = IPv6len - start.length - end.length;
  if (head === undefined ? zeros !== 0 : zeros <= 0) {
    return null;
  }
  return new IP([...start, ...new Array<number>(zeros).fill(0), ...end]);
}

// The bytes of the groups between the colons; the last one may be an IPv4 address if it ends the whole.
function parseGroups(s: string, isEnd: boolean): number[] | null {
  const bytes: number[] = [];
  const groups = s === "" ? [] : s.split(":", IPv6len / 2 + 1);
  for (const [i, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const n = Number.parseInt(group, 16);
      bytes.push(n >> byteBits, n & 0xff);
      continue;
    }
    const v4 = isEnd && i === groups.length - 1 ? parseIPv4(group)?.To4() : undefined;
    if (!v4) {
      return null;
    }
    bytes.push(...v4);
  }
  return bytes;
}

function ipv6String(ip: IP): string {
  const groups: number[] = [];
  for (let i = 0; i < IPv6len; i += 2) {
    groups.push((at(ip, i) << byteBits) | at(ip, i + 1));
  }
  // The longest run of zeros, the first of equals; a single zero stays as it is (RFC 5952, 4.2.2).
  let runStart = -1;
  let runLength = 1;
  for (let i = 0; i < groups.length; i++) {
    let j = i;
    while (groups[j] === 0) {
      j++;
    }
    if (j - i > runLength) {
      runStart = i;
      runLength = j - i;
    }
    i = Math.max(i, j);
  }
  const text = (part: number[]): string => part.map((g) => g.toString(16)).join(":");
  if (runStart < 0) {
    return text(groups);
  }
  return `${text(groups.slice(0, runStart))}::${text(groups.slice(runStart + runLength))}`;
}

function mapped(v4: ArrayLike<number>): IP {
  const ip = new IP(IPv6len);
  ip.set(v4InV6Prefix);
  ip.set(v4, prefixLen);
  return ip;
}

function ipv6(first: number, last: number): IP {
  const ip = new IP(IPv6len);
  ip.set([first >> byteBits, first & 0xff]);
  ip[IPv6len - 1] = last;
  return ip;
}

function unmapped(ip: Uint8Array | null): Uint8Array | null {
  return ip !== null && ip.length === IPv6len && hasPrefix(ip) ? ip.subarray(prefixLen) : ip;
}

function isMulticast6(ip: IP): boolean {
  return ip.length === IPv6len && at(ip, 0) === 0xff;
}

function hasPrefix(ip: Uint8Array): boolean {
  return v4InV6Prefix.every((b, i) => ip[i] === b);
}

function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  const x = a ?? empty;
  const y = b ?? empty;
  return x.length === y.length && x.every((byte, i) => byte === y[i]);
}

function leadingOnes(mask: Uint8Array): number | null {
  let bits = "";
  for (const b of mask) {
    bits += b.toString(2).padStart(byteBits, "0");
  }
  const ones = /^(1*)0*$/.exec(bits)?.[1];
  return ones === undefined ? null : ones.length;
}

// Every index used here is inside the array.
function at(b: Uint8Array, i: number): number {
  return b[i] as number;
}
