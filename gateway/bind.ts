// Sockets that wait for others: listeners, packet sockets, members of a multicast group.

import { type Socket, SysError } from "../native/index.js";
import { PiecesError } from "../src/wire/errors.js";
import type { SockAddr } from "../src/wire/sockaddr.js";
import type { Target } from "./args.js";
import { DialError, resolve } from "./dial.js";
import type { Lookup } from "./lookup.js";
import { listenFamily, type Network, openSocket, type Room } from "./network.js";

const backlog = 128;
const firstMulticast4 = 224;
const lastMulticast4 = 239;
const multicast6 = 0xff;
const maxIndex = 2 ** 31 - 1; // of an interface; that one is nobody's, as the kernel will say

export interface BindRequest {
  network: Network;
  protocol: number; // of raw IP
  target: Target | null; // null: any address, any port
  room: Room;
}

// listen opens a listening socket. It fails with a DialError.
export function listen(request: BindRequest, lookup: Lookup): Promise<Socket> {
  return bound(request, lookup, (socket, address) => {
    if (address[0] !== 1) socket.setOption("SO_REUSEADDR", 1);
    socket.bind(address);
    socket.listen(backlog);
  });
}

// listenPacket opens a socket that receives packets. It fails with a DialError. A multicast address stands for its
// port on every address, shared with others, as in Go.
export function listenPacket(request: BindRequest, lookup: Lookup): Promise<Socket> {
  return bound(request, lookup, (socket, address) => {
    if (request.network.base === "udp") bindPacket(socket, address);
    else socket.bind(address);
  });
}

function bindPacket(socket: Socket, address: SockAddr): void {
  if (isMulticast(address)) {
    socket.setOption("SO_REUSEADDR", 1);
    socket.bind(anyOf(address));
  } else socket.bind(address);
}

async function bound(
  request: BindRequest,
  lookup: Lookup,
  bind: (socket: Socket, address: SockAddr) => void,
): Promise<Socket> {
  const at = await addressOf(request, lookup);
  let socket: Socket | null = null;
  try {
    const { family, only6, address } = listenFamily(request.network, at);
    socket = openSocket(request.network, { ...request, family, only6 });
    bind(socket, address);
    return socket;
  } catch (err) {
    socket?.close();
    if (err instanceof SysError) throw new DialError(["errno", err.syscall, err.errno], null, at);
    if (err instanceof PiecesError) throw new DialError(err.pieces, null, at);
    throw err;
  }
}

// addressOf resolves the target; of several addresses it takes the first IPv4 one, as Go does.
async function addressOf(request: BindRequest, lookup: Lookup): Promise<SockAddr | null> {
  if (request.target === null) return null;
  try {
    const found = await resolve(request.network, request.target, lookup);
    return found.find((a) => a[0] === 4) ?? (found[0] as SockAddr);
  } catch (err) {
    if (err instanceof PiecesError) throw new DialError(err.pieces, null, null);
    throw err;
  }
}

function isMulticast(a: SockAddr): boolean {
  const first = a[1][0] as number;
  if (a[0] === 4) return first >= firstMulticast4 && first <= lastMulticast4;
  return a[0] === 6 && first === multicast6;
}

function anyOf(a: SockAddr): SockAddr {
  return a[0] === 4 ? [4, new Uint8Array(4), a[2]] : [6, new Uint8Array(16), a[0] === 6 ? a[2] : 0, ""];
}

export interface MulticastRequest {
  network: Network;
  group: SockAddr;
  index: number; // of the interface; 0: the kernel's choice
  room: Room;
}

// listenMulticast joins a group: it listens on the wildcard address, shares the port, and does not hear itself. It
// fails with a DialError; of an address that is no group, the kernel says so when it is to be joined.
export function listenMulticast({ network, group, index: asked, room }: MulticastRequest): Socket {
  const index = Math.min(asked, maxIndex);
  let socket: Socket | null = null;
  try {
    const family = network.version ?? group[0];
    socket = openSocket(network, { family, only6: network.version === 6, protocol: 0, room });
    bindPacket(socket, group);
    if (index !== 0) socket.setMulticastInterface(index);
    socket.setMulticastLoop(false);
    socket.joinGroup(group[1], index);
    return socket;
  } catch (err) {
    socket?.close();
    if (err instanceof SysError) throw new DialError(["errno", err.syscall, err.errno], null, group);
    if (err instanceof PiecesError) throw new DialError(err.pieces, null, group);
    throw err;
  }
}
