// The operations that look something up, for ops.ts (docs/protocol.md, part 7).

import type { Stream } from "../src/wire/stream.js";
import { source } from "./addrselect.js";
import { count, flag, lookupKind, sockAddr, text, uint } from "./args.js";
import type { Client } from "./client.js";

type Args = readonly unknown[];
type Call = (
  client: Client,
  stream: Stream | null,
  args: Args,
) => Promise<readonly unknown[]> | readonly unknown[];

const done: readonly unknown[] = [];

// about makes an operation that asks one question about one string.
function about(ask: (client: Client, s: string) => Promise<readonly unknown[]>): Call {
  return (client, _stream, args) => {
    count(args, 1);
    return ask(client, text(args[0]));
  };
}

// lookupCalls are CALL operations by name.
export const lookupCalls: readonly (readonly [name: string, call: Call])[] = [
  [
    "lookup",
    (client, _stream, args) => {
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
    (client, _stream, args) => {
      count(args, 1);
      client.lookups.forget(uint(args[0]));
      return done;
    },
  ],
  [
    "port",
    async (client, _stream, args) => {
      count(args, 2);
      return [await client.lookup.port(text(args[0]), text(args[1]))];
    },
  ],
  ["protocol", about(async ({ lookup }, name) => [await lookup.protocol(name)])],
  ["lookupOrder", about(async ({ lookup }, host) => [await lookup.machine.order(host)])],
  ["hostAddresses", about(({ lookup }, name) => lookup.machine.hostAddresses(name))],
  ["hostNames", about(({ lookup }, address) => lookup.machine.hostNames(address))],
  [
    "dnsConfig",
    async (client, _stream, args) => {
      count(args, 0);
      const c = await client.lookup.machine.config();
      return [c.servers, c.search, c.ndots, c.timeoutMs, c.attempts, c.rotate, c.singleRequest, c.useTCP];
    },
  ],
  ["sources", (_client, _stream, args) => args.map(sockAddr).map(source)],
];
