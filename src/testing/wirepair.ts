// A client and a gateway session joined in memory. The gateway's operations are small ones for tests: they
// need no kernel.

import { PiecesError } from "../wire/errors.js";
import type { Limits } from "../wire/limits.js";
import { type Pair, pair } from "../wire/pair.js";
import { type Handler, Session, type SessionOptions } from "../wire/session.js";
import type { Stream } from "../wire/stream.js";

export interface WirePair {
  readonly client: Session;
  readonly gateway: Session;
  readonly link: Pair;
  // streams are those that the gateway's handler has opened, by id.
  readonly streams: Map<number, Stream>;
  open(): Promise<{ near: Stream; far: Stream }>;
}

export interface WirePairOptions {
  handler?: Handler;
  limits?: Partial<Limits>;
  clientLimits?: Partial<Limits>;
  client?: Partial<SessionOptions>;
  gateway?: Partial<SessionOptions>;
}

export function wirePair(options: WirePairOptions = {}): WirePair {
  const link = pair({ defer: setImmediate });
  const streams = new Map<number, Stream>();
  const handler: Handler = {
    open(stream) {
      streams.set(stream.id, stream);
      stream.opened([]);
    },
    call(_, op) {
      throw new PiecesError(["text", `no call ${op}`]);
    },
  };
  const gateway = new Session({
    role: "gateway",
    handler: options.handler ?? handler,
    id: "session",
    gatewayID: "gateway",
    ...(options.limits ? { limits: options.limits } : {}),
    ...options.gateway,
  });
  const client = new Session({
    role: "client",
    ...(options.clientLimits ? { limits: options.clientLimits } : {}),
    ...options.client,
  });
  gateway.attach(link.b);
  client.attach(link.a);
  return {
    client,
    gateway,
    link,
    streams,
    async open() {
      const opening = client.open("test", []);
      await opening.answer;
      return { near: opening.stream, far: streams.get(opening.stream.id) as Stream };
    },
  };
}
