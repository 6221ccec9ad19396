// The order of addresses on this machine, which depends on its routes.

import { setImmediate as turn } from "node:timers/promises";
import { Socket, SysError } from "../native/index.js";
import { inOrder } from "../src/names/addrselect.js";
import { unmapped } from "../src/names/names.js";
import type { SockAddr } from "../src/wire/sockaddr.js";
import { withPort } from "./iptext.js";

const discardPort = 9; // nothing is sent there

const atOnce = 32; // addresses between two turns of the event loop: 2 ms

// sorted gives addresses in the order in which to try them (RFC 6724). An answer may have thousands of them, each of which
// takes a socket for a moment: others get their turn meanwhile.
export async function sorted(addresses: readonly SockAddr[]): Promise<readonly SockAddr[]> {
  if (addresses.length < 2) return addresses;
  const sources: (SockAddr | null)[] = [];
  for (let i = 0; i < addresses.length; i += atOnce) {
    if (i > 0) await turn();
    sources.push(...addresses.slice(i, i + atOnce).map(source));
  }
  return inOrder(addresses, sources);
}

// source finds the source address by connecting a UDP socket, which sends nothing.
export function source(to: SockAddr): SockAddr | null {
  let socket: Socket | null = null;
  try {
    const plain = unmapped(to);
    socket = Socket.open(plain[0], "dgram");
    if (plain[0] === 1 || !socket.connect(withPort(plain, discardPort))) return null;
    return socket.localAddr();
  } catch (err) {
    if (err instanceof SysError) return null; // no way there: that is the answer
    throw err;
  } finally {
    socket?.close();
  }
}
