// IP addresses as they stand in the system's files, read by Go's rules: net.isIP of Node takes other zones, and
// getaddrinfo takes "127.1".

import { mapped } from "../src/names/names.js";
import type { SockAddr } from "../src/wire/sockaddr.js";

const ipv4Bytes = 4;
const ipv6Bytes = 16;

// parseIP reads an address, with port 0: IPv4 in 16 bytes, as Go has what it parsed; IPv6 with or without a zone. It
// returns null if text is no address.
export function parseIP(text: string): SockAddr | null {
  const v4 = parseIPv4(text);
  if (v4 !== null) return [6, mapped(v4), 0, ""];
  const percent = text.lastIndexOf("%");
  const [host, zone] = percent > 0 ? [text.slice(0, percent), text.slice(percent + 1)] : [text, ""];
  const v6 = parseIPv6(host);
  return v6 === null ? null : [6, v6, 0, zone];
}

// parseIPv4 reads four decimal numbers without leading zeros.
export function parseIPv4(text: string): Uint8Array | null {
  const octets = text.split(".", ipv4Bytes + 1);
  const isOctet = (s: string) => /^(0|[1-9][0-9]{0,2})$/.test(s) && Number(s) <= 0xff;
  return octets.length === ipv4Bytes && octets.every(isOctet) ? Uint8Array.from(octets, Number) : null;
}

function parseIPv6(text: string): Uint8Array | null {
  const halves = text.split("::", 3);
  if (halves.length > 2) return null;
  const left = parseGroups(halves[0] as string, halves.length === 1);
  const right = parseGroups(halves[1] ?? "", true);
  if (left === null || right === null) return null;
  const missing = ipv6Bytes - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null;
  return Uint8Array.from([...left, ...new Array<number>(missing).fill(0), ...right]);
}

// parseGroups reads groups of hexadecimal digits; the last may be an IPv4 address if it is the end of the whole.
function parseGroups(text: string, isEnd: boolean): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const n = Number.parseInt(group, 16);
      bytes.push(n >> 8, n & 0xff);
      continue;
    }
    const v4 = isEnd && i === groups.length - 1 ? parseIPv4(group) : null;
    if (v4 === null) return null;
    bytes.push(...v4);
  }
  return bytes;
}

// withPort is an address with another port.
export function withPort(a: SockAddr, port: number): SockAddr {
  if (a[0] === 4) return [4, a[1], port];
  return a[0] === 6 ? [6, a[1], port, a[3]] : a;
}
