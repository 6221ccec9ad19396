// Ports, protocols and network names, as far as no system file is needed for them.

import { AddrError, UnknownNetworkError } from "./net.js";
import { lowerASCII, parseDecimal } from "./parse.js";

/** PortTable maps a network ("tcp", "udp") and a service name in lower case to a port. */
export type PortTable = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** builtinServices is what Go knows without /etc/services, which may say otherwise and adds to it. */
export const builtinServices: PortTable = new Map([
  ["udp", new Map([["domain", 53]])],
  [
    "tcp",
    new Map([
      ["ftp", 21],
      ["ftps", 990],
      ["gopher", 70],
      ["http", 80],
      ["https", 443],
      ["imap2", 143],
      ["imap3", 220],
      ["imaps", 993],
      ["pop3", 110],
      ["pop3s", 995],
      ["smtp", 25],
      ["ssh", 22],
      ["telnet", 23],
    ]),
  ],
]);

/** builtinProtocols is what Go knows without /etc/protocols, which adds to it and changes nothing in it. */
export const builtinProtocols: ReadonlyMap<string, number> = new Map([
  ["icmp", 1],
  ["igmp", 2],
  ["tcp", 6],
  ["udp", 17],
  ["ipv6-icmp", 58],
]);

const maxPort = 65535;

// Go looks up names up to these lengths; longer ones are unknown whatever the tables hold.
const maxServiceBytes = "mobility-header".length + 10;
const maxProtocolBytes = "RSVP-E2E-IGNORE".length + 10;

// Go counts in 32 bits: beyond the cutoff it stops, and a larger number comes out as one that no check lets pass.
const portCutoff = 2 ** 30;
const maxUint32 = 2 ** 32 - 1;

/**
 * parsePort parses a service that is a decimal number, with or without a sign, and returns it with false: the range is
 * not checked, see {@link checkPort}. An empty service is port 0. If service is a name, it returns 0 and true.
 */
// BUG: as in Go, some numbers wrap around on their way to the cutoff: "4294967376" is port 80.
export function parsePort(service: string): [port: number, needsLookup: boolean] {
  const negative = service.startsWith("-");
  let n = 0;
  for (const c of negative || service.startsWith("+") ? service.slice(1) : service) {
    if (c < "0" || c > "9") {
      return [0, true];
    }
    const next = ((n * 10) >>> 0) + Number(c);
    if (n >= portCutoff || next > maxUint32) {
      n = maxUint32;
      break;
    }
    n = next;
  }
  if (negative) {
    return [n === 0 ? 0 : -Math.min(n, portCutoff), false];
  }
  return [Math.min(n, portCutoff - 1), false];
}

/** checkPort returns port if it is one, or throws the AddrError "invalid port" about service. */
export function checkPort(port: number, service: string): number {
  if (port < 0 || port > maxPort) {
    throw new AddrError({ Err: "invalid port", Addr: service });
  }
  return port;
}

/**
 * portNetwork returns the network to look a service name up in: as it is, or "ip" for "". If network is neither TCP nor
 * UDP it throws the AddrError "unknown network".
 */
export function portNetwork(network: string): string {
  switch (network) {
    case "tcp":
    case "tcp4":
    case "tcp6":
    case "udp":
    case "udp4":
    case "udp6":
      return network;
    case "":
      return "ip";
    default:
      throw new AddrError({ Err: "unknown network", Addr: network });
  }
}

/**
 * lookupPortMap returns the port of a service by name, upper or lower case, in the given table, without one in the few
 * Go has built in. If it is not there it throws the AddrError "unknown port".
 */
export function lookupPortMap(network: string, service: string, table: PortTable = builtinServices): number {
  const base = /^(tcp|udp)[46]$/.exec(network)?.[1] ?? network;
  const port = service.length > maxServiceBytes ? undefined : table.get(base)?.get(lowerASCII(service));
  if (port === undefined) {
    throw new AddrError({ Err: "unknown port", Addr: `${base}/${service}` });
  }
  return port;
}

/**
 * lookupPortIn is LookupPort over a table: a number is checked, a name is looked up. Without a table it knows the names
 * Go has built in.
 */
export function lookupPortIn(network: string, service: string, table?: PortTable): number {
  const [port, needsLookup] = parsePort(service);
  return checkPort(needsLookup ? lookupPortMap(portNetwork(network), service, table) : port, service);
}

/**
 * lookupProtocolMap returns the number of an IP protocol by name, upper or lower case. If it is not in the table it throws
 * the AddrError "unknown IP protocol specified".
 */
export function lookupProtocolMap(
  name: string,
  table: ReadonlyMap<string, number> = builtinProtocols,
): number {
  const proto = name.length > maxProtocolBytes ? undefined : table.get(lowerASCII(name));
  if (proto === undefined) {
    throw new AddrError({ Err: "unknown IP protocol specified", Addr: name });
  }
  return proto;
}

/**
 * parseNetwork checks the name of a network and returns it without its protocol, and the number of the protocol, 0 if
 * it names none: ["ip4", 1] for "ip4:icmp". The name of a protocol goes through lookup, whose answer, be it a number or
 * a promise of one, is returned as it is.
 *
 * If there is no such network, or it needs a protocol and has none, it throws UnknownNetworkError.
 */
export function parseNetwork<P = number>(
  network: string,
  needsProto: boolean,
  lookup: (name: string) => number | P = lookupProtocolMap,
): [afnet: string, proto: number | P] {
  const colon = network.lastIndexOf(":");
  if (colon < 0) {
    if (!isNetwork(network) || (needsProto && isIPNetwork(network))) {
      throw new UnknownNetworkError(network);
    }
    return [network, 0];
  }
  const afnet = network.slice(0, colon);
  if (!isIPNetwork(afnet)) {
    throw new UnknownNetworkError(network);
  }
  const name = network.slice(colon + 1);
  return [afnet, parseDecimal(name) ?? lookup(name)];
}

function isNetwork(s: string): boolean {
  return /^((tcp|udp|ip)[46]?|unix(gram|packet)?)$/.test(s);
}

function isIPNetwork(s: string): boolean {
  return /^ip[46]?$/.test(s);
}
