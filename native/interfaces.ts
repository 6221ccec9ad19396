// The interfaces of this machine, and the groups they listen to.

import { readFileSync } from "node:fs";
import { endianness, platform } from "node:os";
import { addon, fail } from "./binding.js";

// InterfaceAddr is one address of an interface: 4 or 16 bytes, and how many bits of it name the network. peer is the
// other end's address, if it is a point-to-point one that has another.
export interface InterfaceAddr {
  ip: Uint8Array;
  prefix: number;
  peer?: Uint8Array;
}

// NetInterface is one interface. mac is empty if there is none. flags are bits: up 1, broadcast 2, loopback 4,
// point-to-point 8, multicast 16, running 32; so are those of Go's net.Flags. mtu is in bytes.
export interface NetInterface {
  index: number;
  name: string;
  mtu: number;
  mac: Uint8Array;
  flags: number;
  addrs: InterfaceAddr[];
}

// interfaces gives all interfaces as they are now, in the kernel's order, which is Go's too: on Linux by index, and the
// addresses of each with IPv4 first. It fails as SysError in the call Go names, netlinkrib on Linux.
export function interfaces(): NetInterface[] {
  const rows = addon().interfaces();
  if (typeof rows === "number") return fail(platform() === "linux" ? "netlinkrib" : "getifaddrs", rows);
  return rows.map(([index, name, mtu, mac, flags, addrs]) => ({
    index,
    name,
    mtu,
    mac,
    flags,
    addrs: addrs.map(([ip, prefix, peer]) => (peer.length === 0 ? { ip, prefix } : { ip, prefix, peer })),
  }));
}

// MulticastGroup is one group that an interface listens to, of 4 or 16 bytes.
export interface MulticastGroup {
  index: number;
  ip: Uint8Array;
}

// multicastGroups gives the groups of all interfaces, those of IPv4 first, in the kernel's order. Only Linux tells them;
// elsewhere, and for a family the kernel does not have, there are none.
export function multicastGroups(): MulticastGroup[] {
  return [...parseIGMP(lines("/proc/net/igmp")), ...parseIGMP6(lines("/proc/net/igmp6"))];
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, "latin1").split("\n");
  } catch {
    return [];
  }
}

// parseIGMP reads /proc/net/igmp: a heading, then for each interface a line that begins with its index, and for each of
// its groups an indented line that begins with the address, as a number in the machine's own byte order.
export function parseIGMP(text: readonly string[]): MulticastGroup[] {
  const groups: MulticastGroup[] = [];
  let index = 0;
  for (const line of text.slice(1)) {
    const [first = ""] = line.trim().split(/\s+/);
    if (/^\d/.test(line)) index = Number.parseInt(first, 10);
    else if (/^[0-9a-f]{8}$/i.test(first)) {
      const ip = Buffer.from(first, "hex");
      if (endianness() === "LE") ip.reverse();
      groups.push({ index, ip: Uint8Array.from(ip) });
    }
  }
  return groups;
}

// parseIGMP6 reads /proc/net/igmp6: a line for each group, with the interface's index, its name and the address.
export function parseIGMP6(text: readonly string[]): MulticastGroup[] {
  return text.flatMap((line) => {
    const [index = "", , ip = ""] = line.trim().split(/\s+/);
    if (!/^\d+$/.test(index) || !/^[0-9a-f]{32}$/i.test(ip)) return [];
    return [{ index: Number.parseInt(index, 10), ip: Uint8Array.from(Buffer.from(ip, "hex")) }];
  });
}
