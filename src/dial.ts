// Dialer: from the name of a network and an address to a connection.

import { internetAddrList, isIPv4, type Lookup, literal, lookupPort } from "./addrlist.js";
import { brand } from "./errorvalue.js";
import { type IP, IPv4len } from "./ip.js";
import { IPAddr } from "./ipaddr.js";
import { dialIP } from "./iprawsock.js";
import { SplitHostPort } from "./ipsock.js";
import type { KeepAliveConfig } from "./keepalive.js";
import type { Link } from "./link.js";
import {
  type Addr,
  AddrError,
  type Conn,
  errMissingAddress,
  errNoSuitableAddress,
  type Time,
} from "./net.js";
import type { connOf } from "./networks.js";
import { dialParallel, scope } from "./parallel.js";
import { checkPort, parseNetwork, parsePort } from "./port.js";
import { Resolver } from "./resolver.js";
import { dialError, type Ends, type NamedTarget } from "./sock.js";
import { TCPAddr } from "./tcpaddr.js";
import { dialTCP } from "./tcpsock.js";
import { UDPAddr } from "./udpaddr.js";
import { dialUDP } from "./udpsock.js";
import { UnixAddr } from "./unixaddr.js";
import { DialUnix, dialUnix, type UnixConn } from "./unixsock.js";

const defaultFallbackDelayMs = 300; // RFC 8305, 5; Go's default

// A longer name of a service is in no table, and not worth a place in a frame.
const maxServiceBytes = 255;

/** DialerFields are the fields of a {@link Dialer}; what is left out is 0, null or empty. */
export interface DialerFields {
  readonly Timeout?: number;
  readonly Deadline?: Time | null;
  readonly LocalAddr?: Addr | null;
  readonly KeepAlive?: number;
  readonly KeepAliveConfig?: KeepAliveConfig;
  readonly FallbackDelay?: number;
  readonly Resolver?: Resolver | null;
}

/**
 * Dialer has the options of a dial. Durations are in milliseconds. A Dialer without any dials as Dial does; one Dialer can
 * be used for several dials at once.
 */
export class Dialer {
  static {
    brand(Dialer, "Dialer");
  }

  /** Timeout is how long a dial may take, looking the name up included; 0 is as long as it takes. */
  Timeout: number;
  /** Deadline is when a dial has to be done; null is never. If there is a Timeout too, the earlier one holds. */
  Deadline: Time | null;
  /** LocalAddr is the address to dial from, of the network's kind; null leaves it to the kernel. */
  LocalAddr: Addr | null;
  /** KeepAlive is the time between keep-alive probes of a TCP connection; 0 is 15 seconds, below 0 is none. */
  KeepAlive: number;
  /** KeepAliveConfig takes the place of KeepAlive if its Enable is true. */
  KeepAliveConfig: KeepAliveConfig;
  /**
   * FallbackDelay is how long a dial of "tcp" waits for the family of the first address before it tries the other one in
   * parallel (RFC 8305); 0 is 300 ms, below 0 tries one address after the other.
   */
  FallbackDelay: number;
  /** Resolver looks names up; null is the gateway's. */
  Resolver: Resolver | null;

  readonly #link: Link;

  constructor(link: Link, fields: DialerFields = {}) {
    this.#link = link;
    this.Timeout = fields.Timeout ?? 0;
    this.Deadline = fields.Deadline ?? null;
    this.LocalAddr = fields.LocalAddr ?? null;
    this.KeepAlive = fields.KeepAlive ?? 0;
    this.KeepAliveConfig = fields.KeepAliveConfig ?? {};
    this.FallbackDelay = fields.FallbackDelay ?? 0;
    this.Resolver = fields.Resolver ?? null;
  }

  /** Dial is {@link DialContext}. */
  Dial<N extends string>(network: N, address: string, signal?: AbortSignal): Promise<connOf<N>> {
    return this.DialContext(network, address, signal);
  }

  /**
   * DialContext connects to address on network, as Dial does, with the options of the Dialer. signal gives up; it counts
   * until the connection is there, and does nothing to it afterwards. It rejects with an OpError.
   */
  DialContext<N extends string>(network: N, address: string, signal?: AbortSignal): Promise<connOf<N>> {
    const ends = { deadline: this.#deadline(), signal };
    const dial = () => this.#dial(network, address, ends) as Promise<connOf<N>>;
    // A Resolver of the program's own may dial, too: it must not wait for those that wait for it.
    return this.Resolver === null ? this.#link.turns.run(ends, dial) : dial();
  }

  /** DialUnix connects to raddr, from laddr if it is not null, as DialUnix of the package does, with Timeout and Deadline. */
  DialUnix(
    network: string,
    laddr: UnixAddr | null,
    raddr: UnixAddr | null,
    signal?: AbortSignal,
  ): Promise<UnixConn> {
    return DialUnix(this.#link, network, laddr, raddr, { deadline: this.#deadline(), signal });
  }

  // The earlier of Timeout and Deadline, in milliseconds since 1970.
  #deadline(): number | null {
    const ends = [];
    if (this.Timeout !== 0) {
      ends.push(Date.now() + this.Timeout);
    }
    if (this.Deadline !== null) {
      ends.push(Number(this.Deadline));
    }
    return ends.length === 0 ? null : Math.min(...ends);
  }

  async #dial(network: string, address: string, ends: Ends): Promise<Conn> {
    let targets: NamedTarget | readonly Addr[];
    let one: (target: Addr | NamedTarget, ends: Ends) => Promise<Conn>;
    try {
      const [afnet, protocol] = await this.#network(network);
      if (address === "") {
        throw errMissingAddress;
      }
      targets = await this.#targets(afnet, address, ends);
      one = (target, ends) => this.#one({ network, afnet, protocol }, target, ends);
    } catch (err) {
      throw dialError(network, null, null, err as Error);
    }
    if ("host" in targets) {
      return one(targets, ends);
    }
    const [primaries, fallbacks] =
      network === "tcp" && this.FallbackDelay >= 0 ? partition(targets) : [targets, []];
    return dialParallel(primaries, fallbacks, this.FallbackDelay || defaultFallbackDelayMs, {
      ...ends,
      one,
      late: (addr, why) => dialError(network, this.LocalAddr, addr, why),
    });
  }

  async #network(network: string): Promise<[afnet: string, protocol: number]> {
    const { protocol: lookup } = this.#lookup();
    const [afnet, protocol] = parseNetwork<Promise<number>>(network, true, lookup);
    return [afnet, await protocol];
  }

  #lookup(signal?: AbortSignal): Lookup {
    return (this.Resolver ?? new Resolver(this.#link)).lookup(signal);
  }

  // Where to dial: addresses in the order to try them, or a name that the gateway looks up and dials in one go.
  async #targets(afnet: string, address: string, ends: Ends): Promise<NamedTarget | readonly Addr[]> {
    const hint = this.LocalAddr;
    if (afnet.startsWith("unix")) {
      if (hint !== null && hint.Network() !== afnet) {
        throw new AddrError({ Err: "mismatched local address type", Addr: hint.String() });
      }
      return [new UnixAddr({ Name: address, Net: afnet })];
    }
    const looking = scope(ends);
    try {
      const lookup = this.#lookup(looking.signal);
      const isPlain = hint === null && this.Resolver === null && this.FallbackDelay === 0;
      const name = isPlain ? await nameIn(afnet, address, lookup) : null;
      if (name !== null) {
        return name;
      }
      const list = await internetAddrList(afnet, address, lookup);
      return hint === null ? list : fitting(list, hint);
    } finally {
      looking.end();
    }
  }

  #one(
    { network, afnet, protocol }: { network: string; afnet: string; protocol: number },
    target: Addr | NamedTarget,
    ends: Ends,
  ): Promise<Conn> {
    const link = this.#link;
    const { LocalAddr: local, KeepAlive: keepAlive, KeepAliveConfig: config } = this;
    if (target instanceof UnixAddr) {
      const laddr = local instanceof UnixAddr ? local : null;
      return dialUnix(link, { ...ends, network, laddr, raddr: target });
    }
    switch (true) {
      case afnet.startsWith("tcp"): {
        const laddr = local instanceof TCPAddr ? local : null;
        const to = target as TCPAddr | NamedTarget;
        return dialTCP(link, { ...ends, network, laddr, target: to, keepAlive: { keepAlive, config } });
      }
      case afnet.startsWith("udp"): {
        const laddr = local instanceof UDPAddr ? local : null;
        return dialUDP(link, { ...ends, network, laddr, target: target as UDPAddr | NamedTarget });
      }
      default: {
        const laddr = local instanceof IPAddr ? local : null;
        const to = target as IPAddr | NamedTarget;
        return dialIP(link, { ...ends, network, afnet, protocol, laddr, target: to });
      }
    }
  }
}

/**
 * nameIn is the name in address, with its port, if the gateway can look it up; null if it is an address, or nothing that
 * could be looked up.
 */
export async function nameIn(afnet: string, address: string, lookup: Lookup): Promise<NamedTarget | null> {
  const [host, service] = afnet.startsWith("ip") ? [address, "0"] : SplitHostPort(address);
  if (host === "" || !isName(host)) {
    return null;
  }
  const [port, needsLookup] = parsePort(service);
  if (!needsLookup) {
    return { host, port: checkPort(port, service) };
  }
  return {
    host,
    port: service.length > maxServiceBytes ? await lookupPort(afnet, service, lookup) : service,
  };
}

function isName(host: string): boolean {
  try {
    return literal(host) === null;
  } catch {
    return false; // it can be neither a name nor an address, which is said when it is looked up
  }
}

// The addresses of the family of the first one, and the others.
function partition(list: readonly Addr[]): [readonly Addr[], readonly Addr[]] {
  const first = list[0] !== undefined && isIPv4(list[0]);
  return [list.filter((a) => isIPv4(a) === first), list.filter((a) => isIPv4(a) !== first)];
}

// The addresses that can be dialled from hint.
function fitting(list: readonly Addr[], hint: Addr): readonly Addr[] {
  if (list.some((a) => a.Network() !== hint.Network())) {
    throw new AddrError({ Err: "mismatched local address type", Addr: hint.String() });
  }
  const from = familyOf(hint);
  const fit = list.filter((a) => from === null || familyOf(a) === null || familyOf(a) === from);
  if (fit.length === 0) {
    throw new AddrError({ Err: errNoSuitableAddress.message, Addr: hint.String() });
  }
  return fit;
}

// 4 or 6; null if it is any address.
function familyOf(a: Addr): number | null {
  const { IP: ip = null } = a as { IP?: IP | null };
  if (ip === null || ip.length === 0 || ip.IsUnspecified()) {
    return null;
  }
  return ip.length === IPv4len || ip.To4() !== null ? 4 : 6;
}
