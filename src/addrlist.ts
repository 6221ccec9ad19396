// From the strings given to Resolve, Dial and Listen to lists of addresses: Go's rules of order and choice. What needs
// a system (names, services, protocols) is asked of a Lookup.

import { type IP, IPv4zero, IPv6len, IPv6unspecified, parseIPZone } from "./ip.js";
import { IPAddr } from "./ipaddr.js";
import { isDomainName, SplitHostPort } from "./ipsock.js";
import {
  type Addr,
  AddrError,
  DNSError,
  errNoSuchHost,
  errNoSuitableAddress,
  UnknownNetworkError,
} from "./net.js";
import { checkPort, parseNetwork, parsePort, portNetwork } from "./port.js";
import { TCPAddr } from "./tcpaddr.js";
import { UDPAddr } from "./udpaddr.js";
import { UnixAddr } from "./unixaddr.js";

/** Lookup is what a system knows: each method rejects with the error of its kind if the name is unknown. */
export interface Lookup {
  /** port is the port of a service that is not a number. */
  port(network: string, service: string): Promise<number>;
  /** protocol is the number of an IP protocol that is not a number. */
  protocol(name: string): Promise<number>;
  /** addresses are those of a name, in the order to try them, at least one. */
  addresses(network: string, host: string): Promise<readonly IPAddr[]>;
}

/** resolveTCPAddr is ResolveTCPAddr, with the names that lookup knows. */
export async function resolveTCPAddr(network: string, address: string, lookup: Lookup): Promise<TCPAddr> {
  const net = network || "tcp";
  if (!/^tcp[46]?$/.test(net)) {
    throw new UnknownNetworkError(network);
  }
  return forResolve(net, address, await internetAddrList(net, address, lookup)) as TCPAddr;
}

/** resolveUDPAddr is ResolveUDPAddr, with the names that lookup knows. */
export async function resolveUDPAddr(network: string, address: string, lookup: Lookup): Promise<UDPAddr> {
  const net = network || "udp";
  if (!/^udp[46]?$/.test(net)) {
    throw new UnknownNetworkError(network);
  }
  return forResolve(net, address, await internetAddrList(net, address, lookup)) as UDPAddr;
}

/** resolveIPAddr is ResolveIPAddr, with the names that lookup knows. */
export async function resolveIPAddr(network: string, address: string, lookup: Lookup): Promise<IPAddr> {
  const net = network || "ip";
  const [afnet, proto] = parseNetwork<Promise<number>>(net, false, (name) => lookup.protocol(name));
  await proto;
  if (!/^ip[46]?$/.test(afnet)) {
    throw new UnknownNetworkError(net);
  }
  return forResolve(net, address, await internetAddrList(afnet, address, lookup)) as IPAddr;
}

/** resolveUnixAddr is ResolveUnixAddr: nothing is looked up. */
export function resolveUnixAddr(network: string, address: string): UnixAddr {
  if (!/^unix(gram|packet)?$/.test(network)) {
    throw new UnknownNetworkError(network);
  }
  return new UnixAddr({ Name: address, Net: network });
}

/**
 * internetAddrList returns the addresses that address may mean on a TCP, UDP or IP network, at least one, all of the
 * family that the network asks for. Without a host it is the address without an IP. The port comes before the host: its
 * error is the one to see if both are wrong.
 */
export async function internetAddrList(
  network: string,
  address: string,
  lookup: Lookup,
): Promise<[Addr, ...Addr[]]> {
  const family = /^(tcp|udp|ip)[46]?$/.exec(network)?.[1];
  if (family === undefined) {
    throw new UnknownNetworkError(network);
  }
  let host = address;
  let port = 0;
  if (family !== "ip" && address !== "") {
    const [h, service] = SplitHostPort(address);
    host = h;
    port = await lookupPort(network, service, lookup);
  }
  const make = (a: IPAddr): Addr => {
    const fields = { IP: a.IP, Zone: a.Zone, Port: port };
    return family === "tcp"
      ? new TCPAddr(fields)
      : family === "udp"
        ? new UDPAddr(fields)
        : new IPAddr(fields);
  };
  if (host === "") {
    return [make(new IPAddr())];
  }
  const found = [...(literal(host) ?? (await lookup.addresses(network, host)))];
  if (found.length === 1 && found[0]?.IP?.Equal(IPv6unspecified)) {
    // A machine may be able to listen on :: and not to dial it: 0.0.0.0 is as good.
    found.push(new IPAddr({ IP: IPv4zero }));
  }
  const [first, ...rest] = found.filter((a) => suits(network, a.IP)).map(make);
  if (first === undefined) {
    throw new AddrError({ Err: errNoSuitableAddress.message, Addr: host });
  }
  return [first, ...rest];
}

/** lookupPort is the port of a service: a number is checked here, a name is the lookup's. */
export async function lookupPort(network: string, service: string, lookup: Lookup): Promise<number> {
  const [port, needsLookup] = parsePort(service);
  return checkPort(needsLookup ? await lookup.port(portNetwork(network), service) : port, service);
}

/**
 * literal returns the address that host is, or null if it is a name to look up. If it can be neither it throws the
 * DNSError "no such host": such a string never reaches a resolver.
 */
export function literal(host: string): [IPAddr] | null {
  const [ip, zone] = parseIPZone(host);
  if (ip !== null) {
    return [new IPAddr({ IP: ip, Zone: zone })];
  }
  if (!isDomainName(host)) {
    throw new DNSError({ Err: errNoSuchHost.message, Name: host, IsNotFound: true });
  }
  return null;
}

/** suits reports whether ip is of the family that the last character of network asks for, if it does. */
export function suits(network: string, ip: IP | null): boolean {
  const isIPv4 = ip !== null && ip.To4() !== null;
  if (network.endsWith("4")) {
    return isIPv4;
  }
  return !network.endsWith("6") || (ip?.length === IPv6len && !isIPv4);
}

/**
 * forResolve chooses the address that Resolve returns of a list: the first IPv4 address, or the first IPv6 address if
 * address is written as one; the first of all if there is none of that kind.
 */
export function forResolve(network: string, address: string, list: readonly [Addr, ...Addr[]]): Addr {
  const wants6 =
    network === "ip" ? address.includes(":") : /^(tcp|udp)$/.test(network) && address.includes("[");
  return list.find((a) => isIPv4(a) !== wants6) ?? list[0];
}

/** isIPv4 reports whether the address has an IPv4 address in it. */
export function isIPv4(a: Addr): boolean {
  return (a instanceof TCPAddr || a instanceof UDPAddr || a instanceof IPAddr) && !!a.IP?.To4();
}
