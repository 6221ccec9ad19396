// Sessions has every client of this gateway. It is the door behind the HTTP server's, and serves clients
// over any other transport too: a MessagePort of the desktop app, the in-memory pair of a test.

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { closeCode, idleReason, type SessionError } from "../src/wire/errors.js";
import { Greeting } from "../src/wire/greeting.js";
import type { Hello } from "../src/wire/handshake.js";
import { defaultLimits, type Limits } from "../src/wire/limits.js";
import type { Line } from "../src/wire/line.js";
import type { Transport } from "../src/wire/transport.js";
import { type WebSocketLike, WebSocketTransport } from "../src/wire/websocket.js";
import { Client } from "./client.js";
import { gatewayLimits, type LimitSettings, sessionLimits } from "./gatewaylimits.js";
import { type Log, silentLog } from "./log.js";
import { Lookup } from "./lookup.js";
import { Memory, type Pressure } from "./memory.js";
import { Shared } from "./shared.js";

const sessionIDBytes = 16;
const gatewayIDBytes = 5;
const resumeKeyBytes = 32;

export interface SessionsOptions {
  limits?: LimitSettings;
  log?: Log;
  // dnsServers are asked in the place of those in resolv.conf: "192.0.2.1:53", "[2001:db8::1]:53".
  dnsServers?: readonly string[] | undefined;
  // gatewayID names this gateway among several, in at most 8 letters, digits, - and _; the default is random.
  gatewayID?: string | undefined;
  // maxSessions is how many sessions there may be.
  maxSessions?: number | undefined;
}

// Caller is who is behind a transport, for the log. A session belongs to the principal who began it.
export interface Caller {
  readonly remoteAddress: string;
  readonly origin: string | null;
  readonly principal: string;
}

// Held is a session and what it takes to take it up again.
interface Held {
  readonly client: Client;
  readonly principal: string;
  readonly keyDigest: Buffer;
  // grace ends the session while it has no link.
  grace: NodeJS.Timeout | undefined;
}

// Refusal turns a caller away.
interface Refusal {
  readonly code: number;
  readonly reason: string;
}

const noSession: Refusal = { code: closeCode.noSession, reason: "no such session" };

const noMemory: Refusal = { code: closeCode.tooMuch, reason: "no memory left" };
const noRoom: Refusal = { code: closeCode.tooMuch, reason: "as many sessions as there may be" };

const reasons: ReadonlyMap<number, string> = new Map([
  [closeCode.protocol, "bad ack"],
  [closeCode.noSession, noSession.reason],
  [closeCode.superseded, "taken over by another link"],
]);

// Memory that stays short for so long is kept by those who acknowledge nothing of what they were sent. They go then, one
// after another, so that the others are read again.
const shortMs = 10_000;
const betweenMs = 1_000;

// An unknown session's key is compared with this one, so that the time tells nothing.
const noDigest = randomBytes(resumeKeyBytes);

export class Sessions {
  readonly gatewayID: string;
  readonly #held = new Map<string, Held>();
  readonly #greetings = new Set<Greeting>();
  readonly #limits: Partial<Limits>;
  readonly #log: Log;
  readonly #lookup: Lookup;
  readonly #maxSessions: number;
  readonly #shared: Shared;
  readonly #memory: Memory;
  readonly #idle: NodeJS.Timeout;
  #isHeld = false;
  #dropFrom = 0;
  #whenEmpty: (() => void) | null = null;

  constructor(options: SessionsOptions = {}) {
    this.#limits = sessionLimits(options.limits);
    this.#log = options.log ?? silentLog;
    this.#lookup = new Lookup({ servers: options.dnsServers });
    this.#maxSessions = options.maxSessions ?? Number.POSITIVE_INFINITY;
    this.gatewayID = options.gatewayID ?? randomBytes(gatewayIDBytes).toString("base64url");
    const limits = gatewayLimits(options.limits);
    this.#shared = new Shared(limits);
    this.#memory = new Memory({
      limitBytes: limits.memoryBytes,
      onPressure: (pressure) => this.#pressed(pressure),
    });
    const { idleMs = defaultLimits.idleMs } = this.#limits;
    this.#idle = setInterval(
      () => this.#endIdle(idleMs),
      Math.min(idleMs / idleLooks, maxIdleLookMs),
    ).unref();
  }

  // size is the number of sessions, detached ones and those that have yet to say hello included.
  get size(): number {
    return this.#held.size + this.#greetings.size;
  }

  // isShort says that there is no memory for another session.
  get isShort(): boolean {
    return this.#memory.pressure !== "none";
  }

  // #pressed makes room, as much as memory is short. It is told again and again until there is room.
  #pressed(pressure: Pressure): void {
    const isHeld = pressure === "pause" || pressure === "drop";
    const now = performance.now();
    if (isHeld !== this.#isHeld) {
      this.#isHeld = isHeld;
      this.#dropFrom = now + shortMs;
      this.#log.warn({ pressure, sessions: this.size }, isHeld ? "memory short" : "memory enough");
      for (const { client } of this.#held.values()) client.session.hold(isHeld);
    }
    if (!isHeld) return;
    const all = [...this.#held.values()].map(({ client }) => client.session);
    const [longest] = all
      .filter(({ state }) => state === "detached")
      .sort((a, b) => a.detachedAt - b.detachedAt);
    if (pressure === "drop") longest?.close(closeCode.noSession, noMemory.reason);
    if (now < this.#dropFrom) return;
    this.#dropFrom = now + betweenMs;
    const [most] = all.filter(({ keptBytes }) => keptBytes > 0).sort((a, b) => b.keptBytes - a.keptBytes);
    most?.close(closeCode.tooMuch, noMemory.reason);
  }

  // #endIdle ends the sessions that nobody uses. Their clients open another when they need one.
  #endIdle(idleMs: number): void {
    const now = performance.now();
    for (const { client } of [...this.#held.values()]) {
      const since = client.files.size > 0 ? null : client.session.idleSince; // a file is kept for somebody
      if (since !== null && now - since >= idleMs) client.session.close(closeCode.goodbye, idleReason);
    }
  }

  // accept serves a client over an opened WebSocket of the package ws. raw is the socket below it.
  accept(ws: WebSocket, caller: Caller, raw: Duplex | null = null): void {
    this.serve(new WebSocketTransport(ws as WebSocketLike, raw), caller);
  }

  // serve serves a client over transport: what session that is for, a new one or one to take up, its first frame says.
  serve(transport: Transport, caller: Caller): void {
    const greeting = new Greeting(transport, {
      helloMs: this.#limits.helloMs ?? defaultLimits.helloMs,
      onHello: (_, line, said) => {
        const refusal =
          said.sessionID === null ? this.#begin(line, said, caller) : this.#resume(line, said, caller);
        if (refusal !== null) return greeting.refuse(refusal.code, refusal.reason);
        this.#greetings.delete(greeting);
      },
      onOver: (reason) => {
        this.#greetings.delete(greeting);
        if (reason.cause !== undefined) this.#log.error({ err: reason.cause }, "greeting failed");
        this.#log.info({ code: reason.code, reason: reason.message, ...caller }, "no session");
        this.#checkEmpty();
      },
    });
    this.#greetings.add(greeting);
  }

  #begin(line: Line, said: Hello, caller: Caller): Refusal | null {
    // It said at the door that it takes one up, or came by another door.
    if (this.#held.size >= this.#maxSessions) return noRoom;
    if (this.isShort) return noMemory;
    const id = `${this.gatewayID}.${randomBytes(sessionIDBytes).toString("base64url")}`;
    const resumeKey = randomBytes(resumeKeyBytes);
    const client = new Client({
      id,
      gatewayID: this.gatewayID,
      limits: this.#limits,
      lookup: this.#lookup,
      shared: this.#shared,
      log: this.#log,
      resumeKey,
      onAttached: () => clearTimeout(held.grace),
      onDetached: (_, code, reason) => this.#detached(held, code, reason),
      onOver: (_, reason) => this.#over(held, reason),
    });
    const held: Held = {
      client,
      principal: caller.principal,
      keyDigest: digest(resumeKey),
      grace: undefined,
    };
    this.#held.set(id, held);
    this.#log.info(
      { session: shortID(id), agent: said.agent.slice(0, maxLoggedChars), ...caller },
      "session",
    );
    client.session.hold(this.#isHeld);
    client.session.begin(line, said);
    return null;
  }

  // #resume gives a session its new link. A caller who cannot show the key learns nothing, not even whether there is such a
  // session.
  #resume(line: Line, said: Hello, caller: Caller): Refusal | null {
    const refusal = this.#checkResume(said, caller);
    const about = { session: shortID(said.sessionID ?? ""), epoch: said.epoch, ...caller };
    if (refusal !== null) {
      this.#log.info({ ...about, code: refusal.code }, "resume denied");
      return refusal;
    }
    const { session } = (this.#held.get(said.sessionID ?? "") as Held).client;
    const code = session.resume(line, said);
    this.#log.info(
      { ...about, ...(code === null ? {} : { code }) },
      code === null ? "resumed" : "resume denied",
    );
    return code === null ? null : { code, reason: reasons.get(code) ?? "" };
  }

  #checkResume(said: Hello, caller: Caller): Refusal | null {
    const id = said.sessionID ?? "";
    const dot = id.indexOf(".");
    if (dot >= 0 && id.slice(0, dot) !== this.gatewayID) {
      return { code: closeCode.wrongGateway, reason: "session of another gateway" };
    }
    const held = this.#held.get(id);
    const isKey = timingSafeEqual(digest(said.resumeKey ?? new Uint8Array()), held?.keyDigest ?? noDigest);
    if (held === undefined || !isKey) return noSession;
    if (held.principal !== caller.principal)
      return { code: closeCode.forbidden, reason: "session of another user" };
    return null;
  }

  #detached(held: Held, code: number, reason: string): void {
    const { session } = held.client;
    const { graceMs, leaveMs } = session.limits;
    const ms = code === closeCode.goingAway ? Math.min(leaveMs, graceMs) : graceMs;
    this.#log.info({ session: shortID(session.id), code, reason, graceMs: ms }, "detached");
    clearTimeout(held.grace);
    held.grace = setTimeout(
      () => session.close(closeCode.noSession, "not taken up again in time"),
      ms,
    ).unref();
  }

  #over(held: Held, reason: SessionError): void {
    const { id } = held.client.session;
    clearTimeout(held.grace);
    this.#held.delete(id);
    if (reason.cause !== undefined)
      this.#log.error({ session: shortID(id), err: reason.cause }, "session failed");
    this.#log.info({ session: shortID(id), code: reason.code, reason: reason.message }, "session over");
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    if (this.size === 0) this.#whenEmpty?.();
  }

  // close ends every session and its sockets.
  async close(): Promise<void> {
    this.#memory.stop();
    clearInterval(this.#idle);
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    for (const greeting of [...this.#greetings]) greeting.refuse(closeCode.draining, "gateway closed");
    for (const { client } of [...this.#held.values()])
      client.session.close(closeCode.draining, "gateway closed");
    if (this.size > 0) await empty;
  }
}

const maxLoggedChars = 120;

// How often to look for sessions that nobody uses: some times in the time after which one ends, at least once a minute.
const idleLooks = 4;
const maxIdleLookMs = 60_000;

function shortID(id: string): string {
  return id.slice(0, 12);
}

function digest(key: Uint8Array): Buffer {
  return createHash("sha256").update(key).digest();
}
