// Unix sockets. So far only what is decided before the gateway is asked: it serves none yet and says so.

import { dialByGateway } from "./dialother.js";
import type { Link } from "./link.js";
import type { Conn } from "./net.js";
import type { UnixAddr } from "./unixaddr.js";

/** DialUnix of package net. */
export function DialUnix(
  link: Link,
  network: string,
  laddr: UnixAddr | null,
  raddr: UnixAddr | null,
): Promise<Conn> {
  return dialByGateway(link, network, /^unix(gram|packet)?$/, laddr, raddr);
}
