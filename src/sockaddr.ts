// Between Go's addresses and the plain data that crosses the wire. Which family a socket has, and which addresses fit it,
// is decided here as Go decides it; the gateway is told the outcome.

import { IP, IPv4len, IPv4zero } from "./ip.js";
import { IPAddr } from "./ipaddr.js";
import { AddrError } from "./net.js";
import { syscallError } from "./pieces.js";
import { TCPAddr } from "./tcpaddr.js";
import { UDPAddr } from "./udpaddr.js";
import { UnixAddr } from "./unixaddr.js";
import type { SockAddr } from "./wire/sockaddr.js";

/** Family is a family of IP addresses: 4 or 6. */
export type Family = 4 | 6;

/** IPPort is what the addresses of TCP and UDP have in common. */
export interface IPPort {
  readonly IP: IP | null;
  readonly Port: number;
  readonly Zone: string;
}

const maxPort = 65535;
const ipBytes = { 4: 4, 6: 16 } as const;

// An interface's name has at most 15 bytes (IFNAMSIZ). A longer zone is nobody's, so it goes as none.
const maxZoneBytes = 64;

/** isWildcard reports whether a stands for any address: null, no IP, 0.0.0.0 or "::". */
export function isWildcard(a: IPPort | null): boolean {
  return a === null || a.IP === null || a.IP.length === 0 || a.IP.IsUnspecified();
}

function familyOf(a: IPPort | null): Family {
  const ip = a?.IP ?? null;
  return ip === null || ip.length <= IPv4len || ip.To4() !== null ? 4 : 6;
}

/** familyFor is the family of a socket on network with these addresses: the network's own, or IPv4 if both are that. */
export function familyFor(network: string, laddr: IPPort | null, raddr: IPPort | null): Family {
  switch (network.at(-1)) {
    case "4":
      return 4;
    case "6":
      return 6;
    default:
      return familyOf(laddr) === 4 && familyOf(raddr) === 4 ? 4 : 6;
  }
}

/**
 * toSockAddr is a for a socket of that family; IPv4 becomes "::ffff:a.b.c.d" in an IPv6 one. An address that does not fit is
 * an AddrError; a port that no kernel takes is what the system call of that name would say, EINVAL.
 */
export function toSockAddr(family: Family, a: IPPort, call: string): SockAddr {
  const ip = a.IP;
  const isAny = ip === null || ip.length === 0 || (family === 6 && ip.Equal(IPv4zero));
  const bytes = isAny ? new Uint8Array(ipBytes[family]) : family === 4 ? ip.To4() : ip.To16();
  if (bytes === null) {
    throw new AddrError({ Err: `non-IPv${family} address`, Addr: ip?.String() ?? "" });
  }
  if (!Number.isInteger(a.Port) || a.Port < 0 || a.Port > maxPort) {
    throw syscallError(call, "EINVAL");
  }
  const plain = new Uint8Array(bytes);
  return family === 4 ? [4, plain, a.Port] : [6, plain, a.Port, a.Zone.length > maxZoneBytes ? "" : a.Zone];
}

// An address of IP as it came from the gateway, or null if it is none.
function fromIP(v: unknown): Required<IPPort> | null {
  if (!Array.isArray(v)) {
    return null;
  }
  const [family, ip, port, zone] = v as unknown[];
  if ((family !== 4 && family !== 6) || !(ip instanceof Uint8Array) || ip.length !== ipBytes[family]) {
    return null;
  }
  return {
    IP: new IP(ip),
    Port: typeof port === "number" ? port : 0,
    Zone: typeof zone === "string" ? zone : "",
  };
}

/** toTCPAddr is what a socket address from the gateway means, or null if it means nothing. */
export function toTCPAddr(v: unknown): TCPAddr | null {
  const fields = fromIP(v);
  return fields && new TCPAddr(fields);
}

/** toUDPAddr is what a socket address from the gateway means, or null if it means nothing. */
export function toUDPAddr(v: unknown): UDPAddr | null {
  const fields = fromIP(v);
  return fields && new UDPAddr(fields);
}

/** toIPAddr is what a socket address from the gateway means, without its port, or null if it means nothing. */
export function toIPAddr(v: unknown): IPAddr | null {
  const fields = fromIP(v);
  return fields && new IPAddr(fields);
}

/** familyOfSock is the family of a socket whose own address is v. */
export function familyOfSock(v: unknown): Family {
  return Array.isArray(v) && v[0] === 6 ? 6 : 4;
}

// What a kernel takes as the name of a Unix socket, sun_path (unix(7)).
const maxUnixBytes = 108;
const abstractMark = 0x40; // '@'

/**
 * unixSockAddr is the address of a Unix socket: a path, or an abstract name behind "@". A name that is too long is what the
 * system call of that name would say, EINVAL.
 */
export function unixSockAddr(name: string, call: string): SockAddr {
  const bytes = new TextEncoder().encode(name);
  const isAbstract = bytes[0] === abstractMark;
  // A path needs its final NUL.
  if (bytes.length > maxUnixBytes - (isAbstract ? 0 : 1)) {
    throw syscallError(call, "EINVAL");
  }
  if (isAbstract) {
    bytes[0] = 0;
  }
  return [1, bytes];
}

/** toUnixAddr is the address of a Unix socket as the gateway has it, "@" if it has no name; null if it is not one. */
export function toUnixAddr(v: unknown, network: string): UnixAddr | null {
  if (!Array.isArray(v) || v[0] !== 1 || !(v[1] instanceof Uint8Array)) {
    return null;
  }
  const bytes = v[1];
  const end = bytes.indexOf(0, 1);
  const text = new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  const name = text === "" || text.startsWith("\0") ? `@${text.slice(1)}` : text;
  return new UnixAddr({ Name: name, Net: network });
}
