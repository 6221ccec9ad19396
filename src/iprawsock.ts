// Raw IP. So far only what is decided before the gateway is asked: it serves none yet and says so.

import { dialByGateway } from "./dialother.js";
import type { IPAddr } from "./ipaddr.js";
import type { Link } from "./link.js";
import type { Conn } from "./net.js";

/** DialIP of package net. */
export function DialIP(
  link: Link,
  network: string,
  laddr: IPAddr | null,
  raddr: IPAddr | null,
): Promise<Conn> {
  return dialByGateway(link, network, /^ip[46]?$/, laddr, raddr);
}
