// From the strings that Dial, Listen and Resolve are given to addresses. What needs no system call is done here; names
// and services are the gateway's to look up.

import { type IP, parseIPZone } from "./ip.js";
import { isDomainName, parsePort, SplitHostPort } from "./ipsock.js";
import type { Link } from "./link.js";
import { AddrError, DNSError, errNoSuchHost, errNoSuitableAddress, UnknownNetworkError } from "./net.js";
import { checkPort, portNetwork } from "./port.js";
import { toTCPAddr } from "./sockaddr.js";
import { TCPAddr } from "./tcpaddr.js";
import type { TCPTarget } from "./tcpsock.js";

/** resolveTCP is the target of a dial or listen on a TCP network: its address, or the name to look up. */
export async function resolveTCP(link: Link, network: string, address: string): Promise<TCPTarget> {
  const [host, service] = SplitHostPort(address);
  const [number, needsLookup] = parsePort(service);
  const fixed = needsLookup ? null : checkPort(number, service);
  if (host === "") {
    return new TCPAddr({ Port: fixed ?? (await lookupPort(link, network, service)) });
  }
  const [ip, zone] = parseIPZone(host);
  if (ip === null) {
    if (!isDomainName(host)) {
      if (fixed === null) {
        await lookupPort(link, network, service);
      }
      throw new DNSError({ Err: errNoSuchHost.message, Name: host, IsNotFound: true });
    }
    return { host, port: fixed ?? service };
  }
  const port = fixed ?? (await lookupPort(link, network, service));
  if (!allows(network, ip)) {
    throw new AddrError({ Err: errNoSuitableAddress.message, Addr: host });
  }
  return new TCPAddr({ IP: ip, Port: port, Zone: zone });
}

function allows(network: string, ip: IP): boolean {
  const isIPv4 = ip.To4() !== null;
  return network.endsWith("4") ? isIPv4 : network.endsWith("6") ? !isIPv4 : true;
}

/** lookupPort is the port of a service on a network. A number is checked here, a name at the gateway. */
export async function lookupPort(link: Link, network: string, service: string): Promise<number> {
  const [number, needsLookup] = parsePort(service);
  if (!needsLookup) {
    return checkPort(number, service);
  }
  const [port] = await link.call("port", [portNetwork(network).replace(/[46]$/, ""), service]);
  return typeof port === "number" ? checkPort(port, service) : checkPort(-1, service);
}

/** ResolveTCPAddr of package net. */
export async function ResolveTCPAddr(link: Link, network: string, address: string): Promise<TCPAddr> {
  const net = network === "" ? "tcp" : network;
  if (net !== "tcp" && net !== "tcp4" && net !== "tcp6") {
    throw new UnknownNetworkError(network);
  }
  if (address === "") {
    return new TCPAddr();
  }
  const target = await resolveTCP(link, net, address);
  if (target instanceof TCPAddr) {
    return target;
  }
  const found = await link.call("resolve", [net, target.host, target.port]);
  const addresses = found.map(toTCPAddr).filter((a) => a !== null);
  const isIPv4 = (a: TCPAddr): boolean => a.IP?.To4() !== null;
  const wantsIPv6 = net === "tcp" && address.includes("[");
  const first = addresses.find((a) => isIPv4(a) !== wantsIPv6) ?? addresses[0];
  if (first === undefined) {
    throw new DNSError({ Err: errNoSuchHost.message, Name: target.host, IsNotFound: true });
  }
  return first;
}
