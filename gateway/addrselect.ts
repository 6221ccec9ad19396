// The order of addresses on this machine, which depends on its routes.

import { Socket, SysError } from "../native/index.js";
import { inOrder } from "../src/wire/addrselect.js";
import { unmapped } from "../src/wire/names.js";
import type { SockAddr } from "../src/wire/sockaddr.js";
import { withPort } from "./iptext.js";

const discardPort = 9; // nothing is sent there

// sorted gives addresses in the order in which to try them (RFC 6724).
export function sorted(addresses: readonly SockAddr[]): readonly SockAddr[] {
  return addresses.length < 2 ? addresses : inOrder(addresses, addresses.map(source));
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
