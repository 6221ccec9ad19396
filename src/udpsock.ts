// UDP. So far only what is decided before the gateway is asked: it serves no UDP yet and says so.

import { dialByGateway } from "./dialother.js";
import type { Link } from "./link.js";
import type { Conn } from "./net.js";
import type { UDPAddr } from "./udpaddr.js";

/** DialUDP of package net. */
export function DialUDP(
  link: Link,
  network: string,
  laddr: UDPAddr | null,
  raddr: UDPAddr | null,
): Promise<Conn> {
  return dialByGateway(link, network, /^udp[46]?$/, laddr, raddr);
}
