// Where a terminal goes, as people write it.

import { JoinHostPort } from "gonet";

/** Kind is what is spoken. */
export type Kind = "ssh" | "telnet" | "tcp";

/** kinds are all of them with their names. */
export const kinds: readonly (readonly [Kind, string])[] = [
  ["ssh", "SSH"],
  ["telnet", "Telnet"],
  ["tcp", "Raw TCP"],
];

const defaultPorts: Readonly<Record<Kind, string | null>> = { ssh: "22", telnet: "23", tcp: null };

/** Destination is where a terminal goes. */
export interface Destination {
  readonly kind: Kind;
  /** user is who logs in, or "" if nobody was named. */
  readonly user: string;
  /** address is what is dialled. */
  readonly address: string;
}

/**
 * parseDestination reads what was typed or pasted: "host", "user@host:2222", "telnet://[::1]:23". What names no protocol
 * means kind, and what names no port the protocol's own. Anything else stays as it is, so that Dial says what is wrong.
 */
export function parseDestination(text: string, kind: Kind): Destination {
  const [, scheme, rest = ""] = /^(?:([a-z]+):\/\/)?(.*?)\/?$/s.exec(text.trim()) ?? [];
  const named = kinds.find(([name]) => name === scheme)?.[0];
  if (scheme !== undefined && named === undefined) {
    return { kind, user: "", address: text.trim() };
  }
  const at = rest.lastIndexOf("@");
  const [user, host] = [rest.slice(0, Math.max(0, at)), rest.slice(at + 1)];
  return { kind: named ?? kind, user, address: withPort(host, defaultPorts[named ?? kind]) };
}

function withPort(host: string, port: string | null): string {
  if (port === null || host === "") {
    return host;
  }
  const bracketed = /^\[([^\]]*)\]$/.exec(host)?.[1];
  const colons = host.split(":").length - 1;
  // A host with several colons and no brackets is an IPv6 address.
  const isHost = bracketed !== undefined || colons === 0 || (colons > 1 && !host.startsWith("["));
  return isHost ? JoinHostPort(bracketed ?? host, port) : host;
}

/** formatDestination writes a destination so that parseDestination reads it again. */
export function formatDestination({ kind, user, address }: Destination): string {
  return `${kind}://${user === "" ? "" : `${user}@`}${address}`;
}
