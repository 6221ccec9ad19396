// Connections and listeners made of files: of the duplicates that File() gives, and of sockets that came over a Unix
// socket.

import { opError } from "./conn.js";
import { listenFD } from "./fd.js";
import { goError } from "./goerror.js";
import type { IPConn } from "./iprawsock.js";
import { newIPConn } from "./iprawsock.js";
import type { Link, Opened } from "./link.js";
import type { Addr, OpError } from "./net.js";
import type { File } from "./osfile.js";
import { carriesDatagrams } from "./packetfd.js";
import { fromPieces, syscallError } from "./pieces.js";
import { toTCPAddr, toUnixAddr } from "./sockaddr.js";
import { errno } from "./syscall.js";
import { TCPAddr } from "./tcpaddr.js";
import { newTCPConn, type TCPConn, TCPListener } from "./tcpsock.js";
import { newUDPConn, type UDPConn } from "./udpsock.js";
import { UnixAddr } from "./unixaddr.js";
import { newUnixConn, type UnixConn, UnixListener } from "./unixsock.js";
import { Deadline } from "./wire/deadline.js";
import { type Pieces, RefusedError } from "./wire/errors.js";

// fileAddr is the address in the error of a file that is no socket: its name.
class fileAddr implements Addr {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  Network(): string {
    return "file+net";
  }

  String(): string {
    return this.#name;
  }
}

function fileError(f: File, err: unknown): OpError {
  return opError({ Op: "file", Net: "file+net", Addr: new fileAddr(f.Name()), Err: err as Error });
}

// fromFile has the gateway make a socket of f and gives it with its network and addresses.
async function fromFile(link: Link, op: string, f: File): Promise<{ net: string; opened: Opened }> {
  if (f.Fd() < 0) {
    throw syscallError(duplicating, "EBADF");
  }
  try {
    const session = await f.session();
    const { result, ...sock } = await link.open(op, [f.Fd()], new Deadline(), {
      session,
      onOpened(stream, [network]) {
        stream.isUnnumbered = carriesDatagrams(network);
      },
    });
    const [network, ...addresses] = result;
    return { net: String(network), opened: { ...sock, result: addresses } };
  } catch (err) {
    throw err instanceof RefusedError ? refusal(err.pieces) : goError(err, duplicating);
  }
}

// How Go duplicates a descriptor.
const duplicating = "fcntl";

// refusal is the error of a file that is no socket, or none of a kind that can be had. Go names no call where it made none.
function refusal(pieces: Pieces): Error {
  const [kind, call, name, ...rest] = pieces;
  if (kind === "errno" && call === "" && typeof name === "string") {
    return errno(name);
  }
  return fromPieces(call === "dup" ? [kind, duplicating, name, ...rest] : pieces, duplicating);
}

/** FileConn of package net. */
export async function FileConn(link: Link, f: File): Promise<TCPConn | UDPConn | IPConn | UnixConn> {
  try {
    const { net, opened } = await fromFile(link, "fileConn", f);
    if (net !== "tcp") {
      return packetConn(net, opened);
    }
    const c = newTCPConn(opened, net);
    c.SetNoDelay(true).catch(() => {}); // the connection is over: it says so itself
    return c;
  } catch (err) {
    throw fileError(f, err);
  }
}

/** FilePacketConn of package net. */
export async function FilePacketConn(link: Link, f: File): Promise<UDPConn | IPConn | UnixConn> {
  try {
    const { net, opened } = await fromFile(link, "fileConn", f);
    return packetConn(net, opened);
  } catch (err) {
    throw fileError(f, err);
  }
}

function packetConn(net: string, opened: Opened): UDPConn | IPConn | UnixConn {
  switch (net) {
    case "udp":
      return newUDPConn(opened, net, false);
    case "ip":
      return newIPConn(opened, net, null, false);
    case "unix":
    case "unixgram":
    case "unixpacket":
      return newUnixConn(opened, net, false);
    default:
      opened.stream.close();
      throw errno("EINVAL");
  }
}

/** FileListener of package net. */
export async function FileListener(link: Link, f: File): Promise<TCPListener | UnixListener> {
  try {
    const { net, opened } = await fromFile(link, "fileListener", f);
    const [local] = opened.result;
    if (net === "tcp") {
      const bound = toTCPAddr(local) ?? new TCPAddr();
      return new TCPListener(new listenFD(opened, net, bound), ownSettings);
    }
    if (net !== "unix" && net !== "unixpacket") {
      opened.stream.close();
      throw errno("EINVAL");
    }
    const bound = toUnixAddr(local, net) ?? new UnixAddr({ Net: net });
    return new UnixListener(new listenFD(opened, net, bound));
  } catch (err) {
    throw fileError(f, err);
  }
}

// What other listeners have the gateway set on the connections they accept.
const ownSettings = { keepAlive: 0, config: { Enable: true, Count: -1 }, noDelay: true };
