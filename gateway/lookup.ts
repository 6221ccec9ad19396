// Names and services at the gateway. A name is looked up as Go's own resolver does: what is not a domain
// name is never asked for, then /etc/hosts, then DNS. No string of a client ever reaches getaddrinfo, which
// would read "127.1" or "0x7f000001" as an address.

import { Resolver } from "node:dns/promises";
import { readFile, stat } from "node:fs/promises";
import { isIP, isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import { isDomainName } from "../src/wire/domainname.js";
import { PiecesError } from "../src/wire/errors.js";
import type { SockAddr } from "../src/wire/sockaddr.js";

const hostsPath = "/etc/hosts";
const servicesPath = "/etc/services";
const fileCheckMs = 5000; // how long a file is trusted before it is looked at again
const dnsTimeoutMs = 5000;
const dnsTries = 2;
const dnsPort = 53;
const loopback6 = "::1";

// dnsFlags are the bits of the fifth piece of a "dns" error.
export const dnsFlags = { timeout: 1, temporary: 2, notFound: 4 } as const;

const wellKnownPorts: { readonly [service: string]: number } = {
  "tcp/domain": 53,
  "tcp/ftp": 21,
  "tcp/ftps": 990,
  "tcp/gopher": 70,
  "tcp/http": 80,
  "tcp/https": 443,
  "tcp/imap2": 143,
  "tcp/imap3": 220,
  "tcp/imaps": 993,
  "tcp/pop3": 110,
  "tcp/pop3s": 995,
  "tcp/smtp": 25,
  "tcp/ssh": 22,
  "tcp/telnet": 23,
  "udp/domain": 53,
};

// CachedFile reads a file again when it has changed.
class CachedFile<T> {
  readonly #path: string;
  readonly #parse: (text: string) => T;
  #value: Promise<T> | null = null;
  #changed = -1;
  #checked = 0;

  constructor(path: string, parse: (text: string) => T) {
    this.#path = path;
    this.#parse = parse;
  }

  // read gives the parsed file; a file that is not there is an empty one.
  async read(): Promise<T> {
    const now = performance.now();
    if (this.#value !== null && now - this.#checked < fileCheckMs) return this.#value;
    const changed = await stat(this.#path).then(
      (s) => s.mtimeMs,
      () => 0,
    );
    if (this.#value === null || changed !== this.#changed) {
      this.#changed = changed;
      this.#value = readFile(this.#path, "utf8").then(this.#parse, () => this.#parse(""));
    }
    this.#checked = now;
    return this.#value;
  }
}

// parseHosts maps a lower-case name without trailing dot to its addresses, in the order of the file.
export function parseHosts(text: string): Map<string, string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address = "", ...names] = withoutComment(line);
    const bare = address.split("%")[0] as string;
    if (isIP(bare) === 0) continue;
    for (const name of names) {
      const key = hostsKey(name);
      hosts.set(key, [...(hosts.get(key) ?? []), address]);
    }
  }
  return hosts;
}

// parseServices maps "tcp/http" to 80. The first line that names a service holds.
export function parseServices(text: string): Map<string, number> {
  const services = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [name, portAndNet = "", ...aliases] = withoutComment(line);
    const match = /^(\d{1,5})\/(\w+)$/.exec(portAndNet);
    if (name === undefined || match === null) continue;
    for (const service of [name, ...aliases]) {
      const key = `${match[2]}/${service}`;
      if (!services.has(key)) services.set(key, Number(match[1]));
    }
  }
  return services;
}

function withoutComment(line: string): string[] {
  return (line.split("#")[0] as string).split(/\s+/).filter((word) => word !== "");
}

function hostsKey(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

export class Lookup {
  readonly #resolver: Resolver;
  readonly #hosts = new CachedFile(hostsPath, parseHosts);
  readonly #services = new CachedFile(servicesPath, parseServices);

  constructor() {
    this.#resolver = new Resolver({ timeout: dnsTimeoutMs, tries: dnsTries });
  }

  // ips gives the addresses of host in the order in which to try them. It throws PiecesError "dns".
  async ips(host: string): Promise<string[]> {
    if (!isDomainName(host)) throw this.#noSuchHost(host, "");
    const known = (await this.#hosts.read()).get(hostsKey(host));
    if (known !== undefined) return inOrder(known);
    const results = await Promise.allSettled([this.#resolver.resolve4(host), this.#resolver.resolve6(host)]);
    const found = results.flatMap((r) => (r.status === "fulfilled" ? r.value : []));
    if (found.length > 0) return inOrder(found);
    const failures = results.flatMap((r) => (r.status === "rejected" ? [r.reason as { code?: string }] : []));
    throw this.#failure(host, failures);
  }

  // port gives the number of a service on "tcp" or "udp". It throws PiecesError "addr".
  async port(proto: string, service: string): Promise<number> {
    const key = `${proto}/${service.toLowerCase()}`;
    const found = (await this.#services.read()).get(key) ?? wellKnownPorts[key];
    if (found === undefined) throw new PiecesError(["addr", "unknown port", `${proto}/${service}`]);
    return found;
  }

  #noSuchHost(host: string, server: string): PiecesError {
    return new PiecesError(["dns", "no such host", host, server, dnsFlags.notFound]);
  }

  #failure(host: string, failures: { code?: string }[]): PiecesError {
    const server = this.#server();
    const codes = failures.map((f) => f.code ?? "");
    if (codes.every((c) => c === "ENOTFOUND" || c === "ENODATA")) return this.#noSuchHost(host, server);
    if (codes.includes("ETIMEOUT") || codes.includes("ECONNREFUSED")) {
      return new PiecesError(["dns", "i/o timeout", host, server, dnsFlags.timeout | dnsFlags.temporary]);
    }
    return new PiecesError(["dns", "server misbehaving", host, server, dnsFlags.temporary]);
  }

  // #server names the server that was asked, as it stands in Go's error texts.
  #server(): string {
    const first = this.#resolver.getServers()[0];
    if (first === undefined) return "";
    if (first.startsWith("[")) return first;
    if (isIP(first) === 6) return `[${first}]:${dnsPort}`;
    return isIP(first) === 4 ? `${first}:${dnsPort}` : first;
  }
}

// inOrder puts the family first that is more likely to connect: IPv6 if it is loopback or this host has
// a global IPv6 address.
function inOrder(addresses: readonly string[]): string[] {
  const v4 = addresses.filter((a) => isIPv4(a));
  const v6 = addresses.filter((a) => !isIPv4(a));
  const sixFirst = v6.every((a) => a === loopback6) || hasGlobalIPv6();
  return [...new Set(sixFirst ? [...v6, ...v4] : [...v4, ...v6])];
}

function hasGlobalIPv6(): boolean {
  return Object.values(networkInterfaces()).some((list) =>
    list?.some((a) => a.family === "IPv6" && !a.internal && a.scopeid === 0),
  );
}

// toSockAddr makes a socket address of the text of an IP address, which comes from DNS or the hosts file.
export function toSockAddr(ip: string, port: number): SockAddr {
  const [bare = "", zone = ""] = ip.split("%");
  if (isIPv4(bare)) return [4, Uint8Array.from(bare.split("."), Number), port];
  return [6, ipv6Bytes(bare), port, zone];
}

function ipv6Bytes(ip: string): Uint8Array {
  const bytes = new Uint8Array(16);
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(ip);
  const hex = (n: number) => n.toString(16);
  const plain =
    dotted === null
      ? ip
      : `${dotted[1]}${hex(Number(dotted[2]) * 256 + Number(dotted[3]))}:${hex(Number(dotted[4]) * 256 + Number(dotted[5]))}`;
  const [head = "", tail] = plain.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...left, ...new Array(8 - left.length - right.length).fill("0"), ...right];
  groups.forEach((group, i) => {
    const v = Number.parseInt(group, 16);
    bytes[2 * i] = v >> 8;
    bytes[2 * i + 1] = v & 0xff;
  });
  return bytes;
}
