// Looking up names: the functions Lookup… of package net, which are those of a Resolver.

import { internetAddrList, type Lookup, lookupPort } from "./addrlist.js";
import { MX, NS, SRV, sortMX, sortSRV } from "./dnsclient.js";
import { brand } from "./errorvalue.js";
import { type IP, parseIPZone } from "./ip.js";
import { IPAddr } from "./ipaddr.js";
import { isDomainName } from "./ipsock.js";
import type { Link } from "./link.js";
import { checkedRows, gatewayAsk, gatewayLookup } from "./lookup.js";
import { cannotUnmarshal } from "./names/dnsclient.js";
import type { LookupKind } from "./names/names.js";
import { DNSError, errNoSuchHost, UnknownNetworkError } from "./net.js";
import { ownAsk, type ResolverDial } from "./ownlookup.js";
import { toIPAddr } from "./plainaddr.js";
import { parseNetwork } from "./port.js";

const invalidNames = "DNS response contained records which contain invalid names";

// An address with a zone is never longer; what is asked of a gateway has to fit a frame.
const maxAddressBytes = 255;

/** ResolverFields are the fields of a {@link Resolver}; what is left out is false or null. */
export interface ResolverFields {
  readonly PreferGo?: boolean;
  readonly StrictErrors?: boolean;
  readonly Dial?: ResolverDial | null;
}

/**
 * Resolver looks up names and numbers, as Go's own resolver does on the gateway's machine: the hosts file first, then the
 * name servers of its resolv.conf with its search list, unless nsswitch.conf says otherwise.
 *
 * Every method takes an AbortSignal as its last argument and rejects with a DNSError, if nothing else is said. Where a
 * server's answer has records with invalid names, those are left out, and the DNSError carries the others in `results`.
 */
// BUG: a name in the hosts file that is no domain name, as "-a", is not found: what cannot be a name is never asked about.
export class Resolver {
  static {
    brand(Resolver, "Resolver");
  }

  /** PreferGo is there for programs that set it: the resolver is Go's in any case. */
  PreferGo: boolean;
  /**
   * StrictErrors makes an error that may pass (a timeout, a failing server) end a lookup that consists of several
   * questions, instead of a result that may lack something.
   */
  StrictErrors: boolean;
  /**
   * Dial, if not null, makes the connections to name servers. They are then asked from here, not by the gateway. If what
   * it gives is a PacketConn too, a message is a packet (RFC 1035, 4.2.1), otherwise a stream (RFC 7766).
   */
  Dial: ResolverDial | null;

  readonly #link: Link;

  constructor(link: Link, fields: ResolverFields = {}) {
    this.#link = link;
    this.PreferGo = fields.PreferGo ?? false;
    this.StrictErrors = fields.StrictErrors ?? false;
    this.Dial = fields.Dial ?? null;
  }

  /**
   * LookupHost returns the addresses of host, as text. An address is returned as it is; what cannot be a name is not
   * looked up.
   */
  async LookupHost(host: string, signal?: AbortSignal): Promise<string[]> {
    if (parseIPZone(host)[0] !== null) {
      return [host];
    }
    return (await this.#rows("host", host, signal)).map((row) => toIPAddr(row).String());
  }

  /** LookupIPAddr returns the addresses of host, the one to try first in front (RFC 6724). */
  async LookupIPAddr(host: string, signal?: AbortSignal): Promise<IPAddr[]> {
    return this.#addresses("ip", host, signal);
  }

  /** LookupIP returns the IP addresses of host for network: "ip", "ip4" or "ip6". Any other is UnknownNetworkError. */
  async LookupIP(network: string, host: string, signal?: AbortSignal): Promise<IP[]> {
    const [afnet] = parseNetwork(network, false);
    if (!/^ip[46]?$/.test(afnet)) {
      throw new UnknownNetworkError(network);
    }
    const list = await internetAddrList(afnet, host, this.lookup(signal));
    return list.map((a) => (a as IPAddr).IP as IP);
  }

  /**
   * LookupPort returns the port of service on network: "tcp", "udp", with "4" or "6", or "". A number is only checked. It
   * rejects with an AddrError.
   */
  async LookupPort(network: string, service: string, signal?: AbortSignal): Promise<number> {
    return lookupPort(network, service, this.lookup(signal));
  }

  /**
   * LookupCNAME returns the canonical name of host, with a final dot: the last of its aliases. It need not have any, but
   * it must have an address.
   */
  async LookupCNAME(host: string, signal?: AbortSignal): Promise<string> {
    const [cname] = await this.#rows("cname", host, signal);
    if (typeof cname !== "string" || !isDomainName(cname)) {
      throw new DNSError({ Err: invalidNames, Name: host });
    }
    return cname;
  }

  /** LookupAddr returns the names of an IP address, those of DNS with a final dot. */
  async LookupAddr(addr: string, signal?: AbortSignal): Promise<string[]> {
    if (addr.length > maxAddressBytes || parseIPZone(addr)[0] === null) {
      throw new DNSError({ Err: "unrecognized address", Name: addr });
    }
    const names = (await this.#ask("addr", addr, signal)).map(String);
    return checked(addr, names, (name) => name);
  }

  /** LookupMX returns the mail servers of a domain in the order to use them. */
  async LookupMX(name: string, signal?: AbortSignal): Promise<MX[]> {
    const rows = (await this.#rows("mx", name, signal)) as [number, string][];
    const list = rows.map(([Pref, Host]) => new MX({ Host, Pref }));
    return checked(name, sortMX(list), (mx) => mx.Host);
  }

  /** LookupNS returns the name servers of a domain. */
  async LookupNS(name: string, signal?: AbortSignal): Promise<NS[]> {
    const rows = (await this.#rows("ns", name, signal)) as string[];
    const list = rows.map((Host) => new NS({ Host }));
    return checked(name, list, (ns) => ns.Host);
  }

  /**
   * LookupSRV returns the servers of a service in the order to use them, and the name they were found under, which is
   * "_service._proto.name"; if service and proto are empty, it looks up name itself. proto is "tcp" or "udp".
   */
  async LookupSRV(
    service: string,
    proto: string,
    name: string,
    signal?: AbortSignal,
  ): Promise<[cname: string, addrs: SRV[]]> {
    const target = service === "" && proto === "" ? name : `_${service}._${proto}.${name}`;
    const [cname, ...rows] = (await this.#rows("srv", target, signal).catch((err: DNSError) => {
      // What nobody was asked for is told about the name that was given, everything else about the one looked up.
      throw err.Err === cannotUnmarshal && err.Server === "" ? new DNSError({ ...err, Name: name }) : err;
    })) as [string, ...[string, number, number, number][]];
    if (cname !== "" && !isDomainName(cname)) {
      throw new DNSError({ Err: "SRV header name is invalid", Name: name });
    }
    const list = rows.map(([Target, Port, Priority, Weight]) => new SRV({ Target, Port, Priority, Weight }));
    try {
      return [cname, checked(name, sortSRV(list), (srv) => srv.Target)];
    } catch (err) {
      (err as DNSError).results = [cname, (err as DNSError).results];
      throw err;
    }
  }

  /** LookupTXT returns the texts of a domain, each with its parts joined. */
  // BUG: bytes that are no UTF-8 become U+FFFD, since a string here has no bytes.
  async LookupTXT(name: string, signal?: AbortSignal): Promise<string[]> {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const rows = (await this.#rows("txt", name, signal)) as Uint8Array[];
    return rows.map((bytes) => decoder.decode(bytes));
  }

  /** lookup is what the resolver knows of names, services and protocols, for Dial and Resolve. */
  lookup(signal?: AbortSignal): Lookup {
    const system = gatewayLookup(this.#link);
    return {
      ...system,
      addresses: (network, host) => this.#addresses(kindFor(network), host, signal),
    };
  }

  async #addresses(kind: LookupKind, host: string, signal?: AbortSignal): Promise<IPAddr[]> {
    const [ip, zone] = parseIPZone(host);
    if (ip !== null) {
      return [new IPAddr({ IP: ip, Zone: zone })];
    }
    return (await this.#rows(kind, host, signal)).map(toIPAddr);
  }

  // #rows looks a name up; what cannot be one is not found, without asking anybody.
  async #rows(kind: LookupKind, name: string, signal?: AbortSignal): Promise<readonly unknown[]> {
    if (!isDomainName(name)) {
      throw new DNSError({ Err: errNoSuchHost.message, Name: name, IsNotFound: true });
    }
    return this.#ask(kind, name, signal);
  }

  async #ask(kind: LookupKind, name: string, signal?: AbortSignal): Promise<readonly unknown[]> {
    const ask = this.Dial === null ? gatewayAsk(this.#link) : ownAsk(this.#link, this.Dial);
    return checkedRows(kind, name, await ask(kind, name, this.StrictErrors, signal));
  }
}

function kindFor(network: string): LookupKind {
  return network.endsWith("4") ? "ip4" : network.endsWith("6") ? "ip6" : "ip";
}

// checked is list; if a name in it is none, it is a DNSError with the others.
function checked<T>(name: string, list: T[], nameOf: (record: T) => string): T[] {
  const good = list.filter((record) => isDomainName(nameOf(record)));
  if (good.length < list.length) {
    const err = new DNSError({ Err: invalidNames, Name: name });
    err.results = good;
    throw err;
  }
  return good;
}

/** LookupSurface is the part of package net that looks things up with the DefaultResolver. */
export interface LookupSurface {
  /** Resolver makes a Resolver for this gateway; fields that are left out are false or null. */
  readonly Resolver: new (
    fields?: ResolverFields,
  ) => Resolver;
  /** DefaultResolver is the one that the functions Lookup…, Dial and Resolve use. */
  readonly DefaultResolver: Resolver;
  /** LookupHost is {@link Resolver.LookupHost} of the DefaultResolver. */
  LookupHost(host: string, signal?: AbortSignal): Promise<string[]>;
  /** LookupIP returns the IP addresses of host, of both families, the one to try first in front. */
  LookupIP(host: string, signal?: AbortSignal): Promise<IP[]>;
  /** LookupPort is {@link Resolver.LookupPort} of the DefaultResolver. */
  LookupPort(network: string, service: string, signal?: AbortSignal): Promise<number>;
  /** LookupCNAME is {@link Resolver.LookupCNAME} of the DefaultResolver. */
  LookupCNAME(host: string, signal?: AbortSignal): Promise<string>;
  /** LookupAddr is {@link Resolver.LookupAddr} of the DefaultResolver. */
  LookupAddr(addr: string, signal?: AbortSignal): Promise<string[]>;
  /** LookupMX is {@link Resolver.LookupMX} of the DefaultResolver. */
  LookupMX(name: string, signal?: AbortSignal): Promise<MX[]>;
  /** LookupNS is {@link Resolver.LookupNS} of the DefaultResolver. */
  LookupNS(name: string, signal?: AbortSignal): Promise<NS[]>;
  /** LookupSRV is {@link Resolver.LookupSRV} of the DefaultResolver. */
  LookupSRV(
    service: string,
    proto: string,
    name: string,
    signal?: AbortSignal,
  ): Promise<[cname: string, addrs: SRV[]]>;
  /** LookupTXT is {@link Resolver.LookupTXT} of the DefaultResolver. */
  LookupTXT(name: string, signal?: AbortSignal): Promise<string[]>;
}

/** lookupSurface binds it to link. */
export function lookupSurface(link: Link): LookupSurface {
  const Bound = class extends Resolver {
    constructor(fields?: ResolverFields) {
      super(link, fields);
    }
  };
  Object.defineProperty(Bound, "name", { value: "Resolver" });
  const r = new Bound();
  return {
    Resolver: Bound,
    DefaultResolver: r,
    LookupHost: (host, signal) => r.LookupHost(host, signal),
    LookupIP: async (host, signal) => (await r.LookupIPAddr(host, signal)).map((a) => a.IP as IP),
    LookupPort: (network, service, signal) => r.LookupPort(network, service, signal),
    LookupCNAME: (host, signal) => r.LookupCNAME(host, signal),
    LookupAddr: (addr, signal) => r.LookupAddr(addr, signal),
    LookupMX: (name, signal) => r.LookupMX(name, signal),
    LookupNS: (name, signal) => r.LookupNS(name, signal),
    LookupSRV: (service, proto, name, signal) => r.LookupSRV(service, proto, name, signal),
    LookupTXT: (name, signal) => r.LookupTXT(name, signal),
  };
}
