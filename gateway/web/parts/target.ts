// Where to dial, as people write it.

import { type gateway, JoinHostPort } from "gonet";

type TCPNetwork = gateway.tcpNetwork;

/** networks are those of TCP, the usual one first. */
export const networks = ["tcp", "tcp4", "tcp6"] as const satisfies readonly TCPNetwork[];

/** Target is what Dial is given. */
export interface Target {
  readonly network: TCPNetwork;
  readonly address: string;
}

/**
 * parseTarget reads what was typed or pasted: "host:port", "tcp6://[::1]:80", "host port". Anything else stays as it is,
 * so that Dial says what is wrong with it. network is what is meant if the text names none.
 */
export function parseTarget(text: string, network: TCPNetwork): Target {
  const trimmed = text.trim();
  const [, scheme = "", rest = trimmed] = /^([a-z0-9]+):\/\/([^/]*)\/?$/.exec(trimmed) ?? [];
  if (scheme !== "") {
    const named = networks.find((name) => name === scheme);
    return named === undefined ? { network, address: trimmed } : { network: named, address: rest };
  }
  const [, host, port] = /^(\S+)\s+(\S+)$/.exec(trimmed) ?? [];
  if (host !== undefined && port !== undefined) {
    return { network, address: JoinHostPort(host.replace(/^\[(.*)\]$/, "$1"), port) };
  }
  return { network, address: trimmed };
}

/** isNetwork says whether s is the name of a TCP network. */
export function isNetwork(s: unknown): s is TCPNetwork {
  return networks.some((name) => name === s);
}

// Longer than any host name with its port, or a zone.
const maxAddressChars = 300;

/** isTarget says whether v, which may be anything, is a target. */
export function isTarget(v: unknown): v is Target {
  if (typeof v !== "object" || v === null) {
    return false;
  }
  const { network, address } = v as { network?: unknown; address?: unknown };
  return (
    isNetwork(network) && typeof address === "string" && address !== "" && address.length <= maxAddressChars
  );
}
