// Sessions has every client of this gateway. It is the door behind the HTTP server's, and serves clients
// over any other transport too: a MessagePort of the desktop app, the in-memory pair of a test.

import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { closeCode } from "../src/wire/errors.js";
import type { Limits } from "../src/wire/limits.js";
import type { Transport } from "../src/wire/transport.js";
import { type WebSocketLike, WebSocketTransport } from "../src/wire/websocket.js";
import { Client } from "./client.js";
import { type Log, silentLog } from "./log.js";
import { Lookup } from "./lookup.js";

const sessionIDBytes = 16;
const gatewayIDBytes = 5;

export interface SessionsOptions {
  limits?: Partial<Limits>;
  log?: Log;
  // dnsServers are asked in the place of those in resolv.conf: "192.0.2.1:53", "[2001:db8::1]:53".
  dnsServers?: readonly string[] | undefined;
  // gatewayID names this gateway among several, at most 8 characters; the default is random.
  gatewayID?: string;
}

// Caller is who is behind a transport, for the log.
export interface Caller {
  readonly remoteAddress: string;
  readonly origin: string | null;
  readonly principal: string;
}

export class Sessions {
  readonly gatewayID: string;
  readonly #clients = new Set<Client>();
  readonly #limits: Partial<Limits>;
  readonly #log: Log;
  readonly #lookup: Lookup;
  #whenEmpty: (() => void) | null = null;

  constructor(options: SessionsOptions = {}) {
    this.#limits = options.limits ?? {};
    this.#log = options.log ?? silentLog;
    this.#lookup = new Lookup({ servers: options.dnsServers });
    this.gatewayID = options.gatewayID ?? randomBytes(gatewayIDBytes).toString("base64url");
  }

  get size(): number {
    return this.#clients.size;
  }

  // accept serves a client over an opened WebSocket of the package ws. raw is the socket below it.
  accept(ws: WebSocket, caller: Caller, raw: Duplex | null = null): void {
    this.serve(new WebSocketTransport(ws as WebSocketLike, raw), caller);
  }

  // serve serves a client over transport.
  serve(transport: Transport, caller: Caller): void {
    const id = `${this.gatewayID}.${randomBytes(sessionIDBytes).toString("base64url")}`;
    const client = new Client({
      id,
      gatewayID: this.gatewayID,
      limits: this.#limits,
      lookup: this.#lookup,
      log: this.#log,
      onOver: (_, reason) => {
        this.#clients.delete(client);
        if (reason.cause !== undefined)
          this.#log.error({ session: shortID(id), err: reason.cause }, "session failed");
        this.#log.info({ session: shortID(id), code: reason.code, reason: reason.message }, "session over");
        if (this.#clients.size === 0) this.#whenEmpty?.();
      },
    });
    this.#clients.add(client);
    this.#log.info({ session: shortID(id), ...caller }, "session");
    client.serve(transport);
  }

  // close ends every session and its sockets.
  async close(): Promise<void> {
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    for (const client of this.#clients) client.session.close(closeCode.draining, "gateway closed");
    if (this.#clients.size > 0) await empty;
  }
}

function shortID(id: string): string {
  return id.slice(0, 12);
}
