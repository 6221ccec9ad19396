// Every operation a client can ask for, by name, with its arguments checked (docs/protocol.md, part 7).
// What an operation does is in the file named for it.

import type { Socket } from "../native/index.js";
import { PiecesError } from "../src/wire/errors.js";
import type { Stream } from "../src/wire/stream.js";
import { count, flag, integer, lookupKind, options, port, sockAddr, target, text, uint } from "./args.js";
import type { Client } from "./client.js";
import { isNetwork, type Network, resolve } from "./dial.js";

type Args = readonly unknown[];
type Result = Promise<readonly unknown[]> | readonly unknown[];

const done: readonly unknown[] = [];

function network(v: unknown): Network {
  const name = text(v);
  if (!isNetwork(name)) throw new PiecesError(["network", name.slice(0, 64)]);
  return name;
}

// opens are the operations of OPEN frames.
export const opens: ReadonlyMap<string, (client: Client, stream: Stream, args: Args) => void> = new Map([
  [
    "dial",
    (client: Client, stream: Stream, args: Args) => {
      count(args, 4);
      const [net, to, from, extra] = args;
      const { timeout, ...tcp } = options(extra, { timeout: 0, keepAlive: 0, noDelay: false });
      refusing(stream, () => {
        const request = {
          network: network(net),
          target: target(to),
          source: from === null ? null : sockAddr(from),
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
        client.listen(stream, { network: network(net), target: at === null ? null : target(at) }, tcp);
      });
    },
  ],
]);

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
        client.sock(stream).setLinger(integer(args[0]));
        return done;
      },
    ],
    [
      "closeRead",
      (client: Client, stream: Stream | null, args: Args) => {
        count(args, 0);
        client.sock(stream).closeRead();
        return done;
      },
    ],
    [
      "resolve",
      async (client: Client, _stream: Stream | null, args: Args) => {
        count(args, 3);
        const service = typeof args[2] === "string" ? args[2] : port(args[2]);
        return resolve(network(args[0]), ["name", text(args[1]), service], client.lookup);
      },
    ],
    [
      "lookup",
      (client: Client, _stream: Stream | null, args: Args) => {
        count(args, 4);
        const number = uint(args[0]);
        const kind = lookupKind(args[1]);
        const name = text(args[2]);
        const strict = flag(args[3]);
        return client.lookups.run(number, (stop) => client.lookup.rows(kind, name, { strict, stop }));
      },
    ],
    [
      "forget",
      (client: Client, _stream: Stream | null, args: Args) => {
        count(args, 1);
        client.lookups.forget(uint(args[0]));
        return done;
      },
    ],
    [
      "port",
      async (client: Client, _stream: Stream | null, args: Args) => {
        count(args, 2);
        return [await client.lookup.port(text(args[0]), text(args[1]))];
      },
    ],
    [
      "protocol",
      async (client: Client, _stream: Stream | null, args: Args) => {
        count(args, 1);
        return [await client.lookup.protocol(text(args[0]))];
      },
    ],
  ]);

// option makes an operation that sets something of a stream's socket to its one argument.
function option(set: (sock: Socket, value: unknown) => void) {
  return (client: Client, stream: Stream | null, args: Args): Result => {
    count(args, 1);
    set(client.sock(stream).socket, args[0]);
    return done;
  };
}
