// What ping and trace route begin with: the address of a host, and the kind of raw socket for it.

import * as net from "gonet";
import type { Version } from "../parts/icmp.js";

/** ipNetworks are what a host is looked up as. */
export const ipNetworks = ["ip", "ip4", "ip6"] as const;

/** IPNetwork is one of them. */
export type IPNetwork = (typeof ipNetworks)[number];

/** isIPNetwork says whether s is the name of one. */
export function isIPNetwork(s: unknown): s is IPNetwork {
  return ipNetworks.some((name) => name === s);
}

/** RawTarget is a host whose address is known. */
export interface RawTarget {
  readonly addr: net.IPAddr;
  readonly version: Version;
  /** network is that of ICMP, as Dial and ListenPacket name it. */
  readonly network: "ip4:icmp" | "ip6:ipv6-icmp";
}

/** rawTarget looks host up. */
export async function rawTarget(network: IPNetwork, host: string, signal: AbortSignal): Promise<RawTarget> {
  const addr = await net.ResolveIPAddr(network, host, signal);
  const isIPv4 = addr.IP !== null && addr.IP.To4() !== null;
  return { addr, version: isIPv4 ? 4 : 6, network: isIPv4 ? "ip4:icmp" : "ip6:ipv6-icmp" };
}

const gatewayAsks = 3;

/** gatewayTrip is how long the way to the gateway and back takes at its best, in milliseconds. */
export async function gatewayTrip(signal: AbortSignal): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < gatewayAsks; i++) {
    const start = performance.now();
    await net.LookupPort("tcp", "http", signal); // the gateway knows it by heart
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
