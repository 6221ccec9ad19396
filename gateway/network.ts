// The networks of Go's package net as the kernel knows them: family, type of socket, and what their streams
// carry.

import { type Family, Socket, type SockType, SysError } from "../native/index.js";
import type { SockAddr } from "../src/wire/sockaddr.js";

// Carries says what a stream of the network carries (docs/protocol.md, part 10).
export type Carries = "data" | "dgram" | "record" | "data and record";

export interface Network {
  readonly name: string; // "udp4"
  readonly base: "tcp" | "udp" | "ip" | "unix" | "unixgram" | "unixpacket";
  readonly version: 4 | 6 | null; // of IP; null: both
  readonly type: SockType;
  readonly carries: Carries;
}

const bases: { readonly [base: string]: Pick<Network, "base" | "type" | "carries"> } = {
  tcp: { base: "tcp", type: "stream", carries: "data" },
  udp: { base: "udp", type: "dgram", carries: "dgram" },
  ip: { base: "ip", type: "raw", carries: "dgram" },
  unix: { base: "unix", type: "stream", carries: "data and record" },
  unixgram: { base: "unixgram", type: "dgram", carries: "record" },
  unixpacket: { base: "unixpacket", type: "seqpacket", carries: "record" },
};

const networks: ReadonlyMap<string, Network> = new Map(
  Object.values(bases).flatMap((kind) => {
    const versions = kind.base.startsWith("unix") ? [null] : ([null, 4, 6] as const);
    return versions.map((version) => {
      const name = `${kind.base}${version ?? ""}`;
      return [name, { name, version, ...kind }] as const;
    });
  }),
);

// findNetwork gives the network of that name, or null.
export function findNetwork(name: string): Network | null {
  return networks.get(name) ?? null;
}

// networkOf is the network of a socket that came from elsewhere.
export function networkOf(family: Family, type: SockType): Network | null {
  const isUnix = family === 1;
  const found = [...networks.values()].find(
    (n) => n.version === null && n.type === type && n.base.startsWith("unix") === isUnix,
  );
  return found ?? null;
}

// isUnix reports whether the network is one of Unix sockets.
export function isUnix(network: Network): boolean {
  return network.base.startsWith("unix");
}

// isWildcard reports whether an address is any address of its family.
export function isWildcard(a: SockAddr | null): boolean {
  return a === null || (a[0] === 1 ? a[1].length === 0 : a[1].every((b) => b === 0));
}

// dialFamily chooses the family of a socket that connects: the network's, else IPv4 if both addresses are.
export function dialFamily(network: Network, source: SockAddr | null, to: SockAddr | null): Family {
  if (isUnix(network)) return 1;
  if (network.version !== null) return network.version;
  return (to === null || to[0] === 4) && (source === null || source[0] === 4) ? 4 : 6;
}

// Bound is how to listen: the family of the socket, whether it is for IPv6 alone, and where.
export interface Bound {
  readonly family: Family;
  readonly only6: boolean;
  readonly address: SockAddr;
}

// listenFamily is Go's choice: a wildcard listens on both families with one IPv6 socket, unless the network says
// which.
export function listenFamily(network: Network, at: SockAddr | null): Bound {
  if (at !== null && at[0] === 1) return { family: 1, only6: false, address: at };
  const port = at === null ? 0 : at[2];
  const any4: SockAddr = [4, new Uint8Array(4), port];
  const any6: SockAddr = [6, new Uint8Array(16), port, ""];
  if (network.version === 4) return { family: 4, only6: false, address: at ?? any4 };
  if (network.version === 6)
    return { family: 6, only6: true, address: isWildcard(at) ? any6 : inFamily(at as SockAddr, 6) };
  if (!isWildcard(at)) return { family: (at as SockAddr)[0], only6: false, address: at as SockAddr };
  if (hasIPv6()) return { family: 6, only6: false, address: any6 };
  return { family: 4, only6: false, address: any4 };
}

// inFamily writes an address in the family of its socket: IPv4 in IPv6 is ::ffff:a.b.c.d. What cannot be written so
// stays as it is, and the kernel refuses it.
export function inFamily(a: SockAddr, family: Family): SockAddr {
  if (a[0] !== 4 || family !== 6) return a;
  const mapped = new Uint8Array(16);
  mapped[10] = 0xff;
  mapped[11] = 0xff;
  mapped.set(a[1], 12);
  return [6, mapped, a[2], ""];
}

let ipv6: boolean | null = null;

// hasIPv6 finds out once whether the kernel can bind an IPv6 socket.
function hasIPv6(): boolean {
  if (ipv6 !== null) return ipv6;
  let socket: Socket | null = null;
  try {
    socket = Socket.open(6, "stream");
    socket.bind([6, new Uint8Array(16), 0, ""]);
    ipv6 = true;
  } catch {
    ipv6 = false; // no IPv6 in this kernel: that is the answer
  } finally {
    socket?.close();
  }
  return ipv6;
}

// Room is asked before every socket: checkRoom throws a PiecesError if there may not be one more.
export interface Room {
  checkRoom(): void;
}

export interface SocketOptions {
  readonly family: Family;
  readonly only6: boolean;
  readonly protocol: number; // of raw IP
  readonly room: Room;
}

// openSocket makes a socket of the network, with the options that Go gives every socket.
export function openSocket(network: Network, { family, only6, protocol, room }: SocketOptions): Socket {
  room.checkRoom();
  if (protocol < 0) throw new SysError("socket", "EINVAL"); // as the kernel would say; the addon takes none
  const socket = Socket.open(family, network.type, protocol);
  try {
    if (family === 6 && network.type !== "raw") socket.setOption("IPV6_V6ONLY", only6 ? 1 : 0);
    if (family === 4 && network.type !== "stream") socket.setOption("SO_BROADCAST", 1);
    return socket;
  } catch (err) {
    socket.close();
    throw err;
  }
}
