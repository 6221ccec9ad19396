// Sockets on the loopback interface for the tests of the addon. Everything made here is closed by closeAll.

import { readable, type SockAddr, Socket, SysError, writable } from "../index.js";

export const loopback: SockAddr = [4, Uint8Array.of(127, 0, 0, 1), 0];
export const loopback6: SockAddr = [6, new Uint8Array(16).fill(1, 15), 0, ""];

const backlog = 16;
const kept: Socket[] = [];

// keep remembers a socket for closeAll.
export function keep(socket: Socket): Socket {
  kept.push(socket);
  return socket;
}

export function closeAll(): void {
  for (const socket of kept.splice(0)) socket.close();
}

// listen makes a listening socket at an address.
export function listen(address: SockAddr = loopback): Socket {
  const listener = keep(Socket.open(address[0], "stream"));
  listener.bind(address);
  listener.listen(backlog);
  return listener;
}

// until waits for one event, then waits for nothing more.
export function until(socket: Socket, events: number): Promise<number> {
  return new Promise((resolve) => {
    socket.onReady = (got) => {
      socket.onReady = null;
      if (!socket.closed) socket.wait(0);
      resolve(got);
    };
    socket.wait(events);
  });
}

// connect is a whole connect, to the end.
export async function connect(
  address: SockAddr,
  socket = keep(Socket.open(address[0], "stream")),
): Promise<Socket> {
  if (socket.connect(address)) return socket;
  do await until(socket, writable);
  while (!socket.finishConnect());
  return socket;
}

// accept takes one connection and waits for it if it has to.
export async function accept(listener: Socket): Promise<Socket> {
  for (;;) {
    const socket = listener.accept();
    if (socket) return keep(socket);
    await until(listener, readable);
  }
}

// pair is two sockets that are connected with each other.
export async function pair(address: SockAddr = loopback): Promise<[client: Socket, server: Socket]> {
  const listener = listen(address);
  const client = await connect(listener.localAddr()!);
  const server = await accept(listener);
  listener.close();
  return [client, server];
}

// failure is what a call threw: "syscall errno", or the error itself if it is none of ours.
export function failure(call: () => unknown): unknown {
  try {
    call();
  } catch (err) {
    return err instanceof SysError ? `${err.syscall} ${err.errno}` : err;
  }
  return "no error";
}
