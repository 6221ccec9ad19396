// ListenConfig: from the name of a network and an address to a listener, or to a connection for packets.

import { internetAddrList, isIPv4 } from "./addrlist.js";
import { nameIn } from "./dial.js";
import { brand } from "./errorvalue.js";
import type { IPAddr } from "./ipaddr.js";
import { listenIP } from "./iprawsock.js";
import type { KeepAliveConfig } from "./keepalive.js";
import type { Link } from "./link.js";
import { type Addr, AddrError, type Listener, type PacketConn } from "./net.js";
import type { listenerOf, packetConnOf } from "./networks.js";
import { parseNetwork } from "./port.js";
import { Resolver } from "./resolver.js";
import { isNamed, listenError, type NamedTarget } from "./sock.js";
import type { TCPAddr } from "./tcpaddr.js";
import { listenTCP } from "./tcpsock.js";
import type { UDPAddr } from "./udpaddr.js";
import { listenUDP } from "./udpsock.js";
import { UnixAddr } from "./unixaddr.js";
import { listenUnix, listenUnixgram } from "./unixsock.js";

/** ListenConfigFields are the fields of a {@link ListenConfig}; what is left out is 0 or empty. */
export interface ListenConfigFields {
  readonly KeepAlive?: number;
  readonly KeepAliveConfig?: KeepAliveConfig;
}

/** ListenConfig has the options of listening. One ListenConfig can be used for several listeners. */
export class ListenConfig {
  static {
    brand(ListenConfig, "ListenConfig");
  }

  /**
   * KeepAlive is the time between keep-alive probes of accepted TCP connections, in milliseconds; 0 is 15 seconds, below 0
   * is none.
   */
  KeepAlive: number;
  /** KeepAliveConfig takes the place of KeepAlive if its Enable is true. */
  KeepAliveConfig: KeepAliveConfig;

  readonly #link: Link;

  constructor(link: Link, fields: ListenConfigFields = {}) {
    this.#link = link;
    this.KeepAlive = fields.KeepAlive ?? 0;
    this.KeepAliveConfig = fields.KeepAliveConfig ?? {};
  }

  /**
   * Listen announces on address, as Listen of the package does, with these options. signal gives up; it does nothing to a
   * listener that is there. It rejects with an OpError.
   *
   * BUG: Go takes "unixgram" too, and ListenPacket "unix" and "unixpacket", and gives something of no use.
   */
  async Listen<N extends string>(network: N, address: string, signal?: AbortSignal): Promise<listenerOf<N>> {
    return (await this.#listen(network, address, signal)) as listenerOf<N>;
  }

  /** ListenPacket announces on address, as ListenPacket of the package does. It rejects with an OpError. */
  async ListenPacket<N extends string>(
    network: N,
    address: string,
    signal?: AbortSignal,
  ): Promise<packetConnOf<N>> {
    return (await this.#listenPacket(network, address, signal)) as packetConnOf<N>;
  }

  async #listen(network: string, address: string, signal: AbortSignal | undefined): Promise<Listener> {
    const { afnet, target } = await this.#resolve(network, address, signal);
    if (afnet.startsWith("tcp")) {
      const { KeepAlive: keepAlive, KeepAliveConfig: config } = this;
      const at = target as TCPAddr | NamedTarget;
      return listenTCP(this.#link, { network, target: at, keepAlive: { keepAlive, config }, signal });
    }
    if (afnet === "unix" || afnet === "unixpacket") {
      return listenUnix(this.#link, network, target as UnixAddr, signal);
    }
    throw unexpected(network, address, target);
  }

  async #listenPacket(
    network: string,
    address: string,
    signal: AbortSignal | undefined,
  ): Promise<PacketConn> {
    const { afnet, protocol, target } = await this.#resolve(network, address, signal);
    if (afnet.startsWith("udp")) {
      return listenUDP(this.#link, { network, target: target as UDPAddr | NamedTarget, signal });
    }
    if (afnet.startsWith("ip")) {
      const at = target as IPAddr | NamedTarget;
      return listenIP(this.#link, { network, afnet, protocol, target: at, signal });
    }
    if (afnet === "unixgram") {
      return listenUnixgram(this.#link, target as UnixAddr, signal);
    }
    throw unexpected(network, address, target);
  }

  // Where to listen: an address, or a name that the gateway looks up, of which it takes an IPv4 address first, as Go does.
  async #resolve(
    network: string,
    address: string,
    signal: AbortSignal | undefined,
  ): Promise<{ afnet: string; protocol: number; target: Addr | NamedTarget }> {
    try {
      const lookup = new Resolver(this.#link).lookup(signal);
      const [afnet, number] = parseNetwork<Promise<number>>(network, true, lookup.protocol);
      const protocol = await number;
      if (afnet.startsWith("unix")) {
        return { afnet, protocol, target: new UnixAddr({ Name: address, Net: afnet }) };
      }
      const name = address === "" ? null : await nameIn(afnet, address, lookup);
      if (name !== null) {
        return { afnet, protocol, target: name };
      }
      const list = await internetAddrList(afnet, address, lookup);
      return { afnet, protocol, target: list.find(isIPv4) ?? list[0] };
    } catch (err) {
      throw listenError(network, null, err as Error);
    }
  }
}

// The error of Listen on a network of packets, and of ListenPacket on one of connections.
function unexpected(network: string, address: string, target: Addr | NamedTarget): Error {
  const err = new AddrError({ Err: "unexpected address type", Addr: address });
  return listenError(network, isNamed(target) ? null : target, err);
}
