// Dial and Listen: from the name of a network and an address to a connection or a listener.

import type { Link } from "./link.js";
import { resolveTCP } from "./lookup.js";
import { type Conn, errMissingAddress, type Listener, UnknownNetworkError } from "./net.js";
import { parseNetwork } from "./port.js";
import { TCPAddr } from "./tcpaddr.js";
import {
  defaultKeepAliveSeconds,
  dialError,
  dialTCP,
  listenError,
  listenTCP,
  type TCPTarget,
} from "./tcpsock.js";

/** DialSettings are what can be set for a dial. */
export interface DialSettings {
  /** timeoutMs is how long it may take; 0 is for ever, below 0 is over before it began. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** dial connects to address on network. It fails with an OpError. */
export async function dial(
  link: Link,
  network: string,
  address: string,
  settings: DialSettings,
): Promise<Conn> {
  const { timeoutMs, signal } = settings;
  const deadline = timeoutMs === 0 ? null : Date.now() + timeoutMs;
  let target: TCPTarget;
  try {
    const [afnet] = parseNetwork(network, true);
    if (address === "") {
      throw errMissingAddress;
    }
    target = await resolve(link, afnet, network, address);
  } catch (err) {
    throw dialError(network, null, null, err as Error);
  }
  const keepAliveSeconds = defaultKeepAliveSeconds;
  return dialTCP(link, { network, laddr: null, target, keepAliveSeconds, deadline, signal });
}

/** listen announces on address; "" is any address and port. It fails with an OpError. */
export async function listen(
  link: Link,
  network: string,
  address: string,
  signal?: AbortSignal,
): Promise<Listener> {
  let target: TCPTarget;
  try {
    const [afnet] = parseNetwork(network, true);
    target = address === "" ? new TCPAddr() : await resolve(link, afnet, network, address);
  } catch (err) {
    throw listenError(network, null, err as Error);
  }
  return listenTCP(link, network, target, signal);
}

function resolve(link: Link, afnet: string, network: string, address: string): Promise<TCPTarget> {
  if (!afnet.startsWith("tcp")) {
    throw new UnknownNetworkError(network);
  }
  return resolveTCP(link, network, address);
}
