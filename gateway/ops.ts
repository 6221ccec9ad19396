// Every operation a client can ask for, by name, with its arguments checked (docs/protocol.md, part 7).
// What an operation does is in the file named for it.

import { platform } from "node:os";
import { again, Fd, interfaces, multicastGroups, type Socket } from "../native/index.js";
import { PiecesError, WireError } from "../src/wire/errors.js";
import type { SockAddr } from "../src/wire/sockaddr.js";
import type { Stream } from "../src/wire/stream.js";
import { count, flag, integer, options, sockAddr, type Target, target, text, uint } from "./args.js";
import type { Client } from "./client.js";
import { fileNumber } from "./files.js";
import { lookupCalls } from "./lookupops.js";
import { findNetwork, isUnix, type Network } from "./network.js";

type Args = readonly unknown[];
type Result = Promise<readonly unknown[]> | readonly unknown[];

const done: readonly unknown[] = [];

const maxFileRead = 8192; // what fits a control frame with room to spare

// network is the network of that name, if it is one of those that the operation serves.
function network(v: unknown, ...bases: readonly Network["base"][]): Network {
  const name = text(v);
  const found = findNetwork(name);
  if (found === null || (bases.length > 0 && !bases.includes(found.base))) {
    throw new PiecesError(["network", name.slice(0, 64)]);
  }
  return found;
}

// targetFor is a target of the kind that the network's sockets have. Another kind is the client breaking the protocol.
function targetFor(net: Network, v: unknown): Target {
  const found = target(v);
  if ((found[0] === 1) !== isUnix(net)) throw new WireError("bad field");
  return found;
}

function sourceFor(net: Network, v: unknown): SockAddr | null {
  if (v === null) return null;
  const found = sockAddr(v);
  if ((found[0] === 1) !== isUnix(net)) throw new WireError("bad field");
  return found;
}

// opens are the operations of OPEN frames.
export const opens: ReadonlyMap<string, (client: Client, stream: Stream, args: Args) => void> = new Map([
  [
    "dial",
    (client: Client, stream: Stream, args: Args) => {
      count(args, 4);
      const [net, to, from, extra] = args;
      const { timeout, protocol, ...tcp } = options(extra, {
        timeout: 0,
        protocol: 0,
        keepAlive: 0,
        noDelay: false,
      });
      refusing(stream, () => {
        const on = network(net);
        if (to === null && on.base !== "unixgram") throw new WireError("bad field");
        const request = {
          network: on,
          protocol,
          target: to === null ? null : targetFor(on, to),
          source: sourceFor(on, from),
          timeoutMs: timeout,
        };
        client.dial(stream, request, tcp);
      });
    },
  ],
  [
    "listen",
    (client: Client, stream: Stream, args: Args) => {
      count(args, 3);
      const [net, at, extra] = args;
      const tcp = options(extra, { keepAlive: 0, noDelay: false });
      refusing(stream, () => {
        const on = network(net, "tcp", "unix", "unixpacket");
        const to = at === null ? null : targetFor(on, at);
        client.listen(stream, { network: on, protocol: 0, target: to }, tcp);
      });
    },
  ],
  [
    "listenPacket",
    (client: Client, stream: Stream, args: Args) => {
      count(args, 3);
      const [net, at, extra] = args;
      const { protocol } = options(extra, { protocol: 0 });
      refusing(stream, () => {
        const on = network(net, "udp", "ip", "unixgram");
        const to = at === null ? null : targetFor(on, at);
        client.listenPacket(stream, { network: on, protocol, target: to });
      });
    },
  ],
  [
    "listenMulticast",
    (client: Client, stream: Stream, args: Args) => {
      count(args, 3);
      const group = sockAddr(args[1]);
      const index = uint(args[2]);
      if (group[0] === 1) throw new WireError("bad field");
      refusing(stream, () =>
        client.listenMulticast(stream, { network: network(args[0], "udp"), group, index }),
      );
    },
  ],
  ["fileConn", fromFile(false)],
  ["fileListener", fromFile(true)],
]);

function fromFile(isListener: boolean) {
  return (client: Client, stream: Stream, args: Args) => {
    count(args, 1);
    const number = fileNumber(args[0]);
    refusing(stream, () => client.fileConn(stream, client.files.get(number, "dup"), isListener));
  };
}

// refusing answers stream with what ask throws, if that is an answer.
function refusing(stream: Stream, ask: () => void): void {
  try {
    ask();
  } catch (err) {
    if (!(err instanceof PiecesError)) throw err;
    stream.refused(err.pieces, null, null);
  }
}

// calls are the operations of CALL frames.
export const calls: ReadonlyMap<string, (client: Client, stream: Stream | null, args: Args) => Result> =
  new Map([
    ["noDelay", option((sock, v) => sock.setOption("TCP_NODELAY", flag(v) ? 1 : 0))],
    ["keepAlive", option((sock, v) => sock.setOption("SO_KEEPALIVE", flag(v) ? 1 : 0))],
    [
      "keepAlivePeriod",
      option((sock, v) => {
        const seconds = integer(v);
        sock.setOption("TCP_KEEPINTVL", seconds);
        sock.setOption("TCP_KEEPIDLE", seconds);
      }),
    ],
    ["readBuffer", option((sock, v) => sock.setOption("SO_RCVBUF", integer(v)))],
    ["writeBuffer", option((sock, v) => sock.setOption("SO_SNDBUF", integer(v)))],
    [
      "linger",
      (client: Client, stream: Stream | null, args: Args) => {
        count(args, 1);
        client.pump(stream).setLinger(integer(args[0]));
        return done;
      },
    ],
    [
      "closeRead",
      (client: Client, stream: Stream | null, args: Args) => {
        count(args, 0);
        client.pump(stream).closeRead();
        return done;
      },
    ],
    [
      "keepAliveConfig",
      (client: Client, stream: Stream | null, args: Args) => {
        count(args, 4);
        const { socket } = client.pump(stream);
        const [idle, interval, probes] = args.slice(1).map(integer);
        socket.setOption("SO_KEEPALIVE", flag(args[0]) ? 1 : 0);
        setUnlessNegative(socket, "TCP_KEEPIDLE", idle);
        setUnlessNegative(socket, "TCP_KEEPINTVL", interval);
        setUnlessNegative(socket, "TCP_KEEPCNT", probes);
        return done;
      },
    ],
    [
      "unlinkOnClose",
      (client: Client, stream: Stream | null, args: Args) => {
        count(args, 1);
        client.listener(stream).unlinkOnClose = flag(args[0]);
        return done;
      },
    ],
    [
      "file",
      (client: Client, stream: Stream | null, args: Args) => {
        count(args, 0);
        return [client.files.add(Fd.of(client.socket(stream)))];
      },
    ],
    [
      "closeFile",
      (client: Client, _stream: Stream | null, args: Args) => {
        count(args, 1);
        client.files.close(fileNumber(args[0]));
        return done;
      },
    ],
    [
      "readFile",
      (client: Client, _stream: Stream | null, args: Args) => {
        count(args, 2);
        const fd = client.files.get(fileNumber(args[0]), "read");
        const b = new Uint8Array(Math.min(uint(args[1]), maxFileRead));
        const n = fd.read(b, 0, b.length);
        if (n === again) throw new PiecesError(["errno", "read", "EAGAIN"]);
        return n === 0 ? done : [b.subarray(0, n)];
      },
    ],
    [
      "writeFile",
      (client: Client, _stream: Stream | null, args: Args) => {
        count(args, 2);
        const fd = client.files.get(fileNumber(args[0]), "write");
        const b = args[1];
        if (!(b instanceof Uint8Array)) throw new WireError("bad field");
        const n = fd.write(b, 0, b.length);
        if (n === again) throw new PiecesError(["errno", "write", "EAGAIN"]);
        return [n];
      },
    ],
    [
      "interfaces",
      (_client: Client, _stream: Stream | null, args: Args) => {
        count(args, 0);
        return interfaces().map(({ index, mtu, name, mac, flags }) => [index, mtu, name, mac, flags]);
      },
    ],
    [
      "interfaceAddrs",
      (_client: Client, _stream: Stream | null, args: Args) => {
        count(args, 1);
        const wanted = uint(args[0]);
        const found = interfaces().filter(({ index }) => wanted === 0 || index === wanted);
        const addrs = found.flatMap((each) => each.addrs);
        // Linux lists what is of IPv4 first, whosever it is.
        if (platform() === "linux") addrs.sort((a, b) => a.ip.length - b.ip.length);
        return addrs.map(({ ip, prefix }) => [ip, prefix]);
      },
    ],
    [
      "multicastAddrs",
      (_client: Client, _stream: Stream | null, args: Args) => {
        count(args, 1);
        const wanted = uint(args[0]);
        return multicastGroups()
          .filter(({ index }) => index === wanted)
          .map(({ ip }) => ip);
      },
    ],
    ...lookupCalls,
  ]);

function setUnlessNegative(
  socket: Socket,
  name: "TCP_KEEPIDLE" | "TCP_KEEPINTVL" | "TCP_KEEPCNT",
  v = -1,
): void {
  if (v >= 0) socket.setOption(name, v);
}

// option makes an operation that sets something of a stream's socket to its one argument.
function option(set: (sock: Socket, value: unknown) => void) {
  return (client: Client, stream: Stream | null, args: Args): Result => {
    count(args, 1);
    set(client.pump(stream).socket, args[0]);
    return done;
  };
}
