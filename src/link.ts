// The way to a gateway: one session, opened when it is first needed, and again at the next operation after it
// was lost. This and fd.ts are the only files that know the wire.

import { type Detail, fromPieces, sessionLost, syscallError, withDetail } from "./pieces.js";
import { onReturn, Redial } from "./redial.js";
import { closeCode, DeadlineError, PiecesError, RefusedError, type SessionError } from "./wire/errors.js";
import { subprotocol } from "./wire/frame.js";
import { type MessagePortLike, MessagePortTransport } from "./wire/messageport.js";
import { type Opening, Session, type SessionState } from "./wire/session.js";
import type { Limit, Stream } from "./wire/stream.js";
import type { Transport } from "./wire/transport.js";
import { type WebSocketLike, WebSocketTransport } from "./wire/websocket.js";

const wsPath = "/gonet/v1/ws";
const checkPath = "/gonet/v1/check";
const gatewayParameter = "gateway";
const bearerPrefix = "gonet.bearer.";
const agent = "gonet";

// A WebSocket that is not open by then won't be; the question why it was refused is answered at once, or never.
const connectTimeoutMs = 30_000;
const checkTimeoutMs = 5_000;

/** ConnectOptions are the options of connect and configure. */
export interface ConnectOptions {
  /** token is the gateway's token. It never goes into a URL. */
  readonly token?: string;
  /** signal ends the attempt to connect. */
  readonly signal?: AbortSignal;
  /**
   * resume false ends the session with its WebSocket. Without it the session, and every socket of it, outlives a link that
   * breaks: a new one is made, for as long as the gateway keeps the session. A session over a port given by hand ends with it.
   */
  readonly resume?: boolean;
  /**
   * redialMs is how long to wait before each attempt at a new link, in milliseconds, the last one for all that follow;
   * each varies by half. Without it: at once, then half a second to 15 seconds.
   */
  readonly redialMs?: readonly number[];
}

/** GatewayError says why there is no way to the gateway. */
export class GatewayError extends Error {
  /** code is "GONET_AUTH" if the gateway refused, "GONET_UNREACHABLE" if it did not answer. */
  readonly code: string;
  /** reason is the gateway's word for it: "token", "origin", "host", "limit", "draining"; or "unreachable"; "gone" if it ended. */
  readonly reason: string;
  /** retryAfterMs is when the gateway would have room again, as it says itself; null if it does not. */
  readonly retryAfterMs: number | null;

  constructor(message: string, code: string, reason: string, retryAfterMs: number | null = null) {
    super(`gonet: ${message}`);
    this.name = "GatewayError";
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** OpenTransport makes a link's transport; one for a session that is to be taken up is for the gateway of that id. */
export interface OpenTransport {
  (signal?: AbortSignal, gatewayID?: string): Promise<Transport>;
  /** resumes says that it can be called again when the transport broke, to take the session up on another. */
  readonly resumes?: boolean;
  readonly redialMs?: readonly number[] | undefined;
}

type MakeWebSocket = (
  url: string,
  protocols: string[],
) => WebSocketLike & {
  onopen: ((event: never) => void) | null;
};

let makeWebSocket: MakeWebSocket = (url, protocols) =>
  new WebSocket(url, protocols) as unknown as ReturnType<MakeWebSocket>;

/** useWebSocket sets how WebSockets are made where the platform has none (Node). */
export function useWebSocket(make: MakeWebSocket): void {
  makeWebSocket = make;
}

/**
 * overWebSocket gives the way to the gateway at url, "ws://127.0.0.1:8080" or with the path; http and https
 * mean ws and wss.
 */
export function overWebSocket(url: string | URL, options: ConnectOptions): OpenTransport {
  const target = new URL(url);
  target.protocol = target.protocol.replace(/^http/, "ws");
  if (target.protocol !== "ws:" && target.protocol !== "wss:") {
    throw new TypeError(`gonet: not the URL of a gateway: ${target.protocol}`);
  }
  if (target.pathname === "/") {
    target.pathname = wsPath;
  }
  target.hash = "";
  const protocols = [subprotocol];
  if (options.token !== undefined) {
    protocols.push(bearerPrefix + base64url(options.token));
  }
  const open = (signal?: AbortSignal, gatewayID?: string) => {
    const url = new URL(target);
    if (gatewayID !== undefined) {
      url.searchParams.set(gatewayParameter, gatewayID);
    }
    return openWebSocket(url, protocols, options.token, signal);
  };
  return Object.assign(open, { resumes: options.resume !== false, redialMs: options.redialMs });
}

function base64url(s: string): string {
  const bytes = new TextEncoder().encode(s);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

function openWebSocket(
  url: URL,
  protocols: string[],
  token?: string,
  signal?: AbortSignal,
): Promise<Transport> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      return reject(signal.reason);
    }
    const ws = makeWebSocket(url.href, protocols);
    const transport = new WebSocketTransport(ws);
    const timer = setTimeout(() => {
      done();
      transport.terminate();
      reject(unreachable(url));
    }, connectTimeoutMs);
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      transport.receiver = null;
    };
    const onAbort = (): void => {
      done();
      transport.terminate();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort);
    ws.onopen = () => {
      done();
      resolve(transport);
    };
    // A page is not told why an upgrade failed, so it asks.
    transport.receiver = {
      onMessage() {},
      onDrain() {},
      onClose() {
        done();
        whyRefused(url, token).then(reject, reject);
      },
    };
  });
}

function unreachable(url: URL): GatewayError {
  return new GatewayError(`the gateway at ${url.host} cannot be reached`, "GONET_UNREACHABLE", "unreachable");
}

async function whyRefused(url: URL, token?: string): Promise<GatewayError> {
  const check = new URL(checkPath + url.search, url);
  check.protocol = url.protocol.replace(/^ws/, "http");
  let answer: unknown;
  let retryAfterMs: number | null = null;
  try {
    const headers = token === undefined ? undefined : { Authorization: `Bearer ${token}` };
    const response = await fetch(check, {
      headers,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(checkTimeoutMs),
    });
    retryAfterMs = afterMs(response.headers.get("Retry-After"));
    answer = await response.json();
  } catch {
    return unreachable(url); // no answer to the question either: that is the answer
  }
  const { ok, reason, message } = answer as { ok?: unknown; reason?: unknown; message?: unknown };
  if (ok !== false || typeof reason !== "string" || typeof message !== "string") {
    return unreachable(url);
  }
  return new GatewayError(
    `the gateway refused the connection: ${message}`,
    "GONET_AUTH",
    reason,
    retryAfterMs,
  );
}

// afterMs reads a Retry-After in seconds; gateways write no dates.
function afterMs(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : null;
}

/** overMessagePort gives the way through a port whose other end a gateway serves. It works once. */
export function overMessagePort(port: MessagePortLike): OpenTransport {
  let used = false;
  return async () => {
    if (used) {
      throw new GatewayError("the port was closed", "GONET_UNREACHABLE", "unreachable");
    }
    used = true;
    return new MessagePortTransport(port);
  };
}

/** SessionStatus is what can be seen of a link's session. */
export interface SessionStatus {
  /**
   * state is "idle" before the first operation and when nothing was open for a long time, else "connecting", "attached", "detached" while its link is broken and
   * another is looked for, and "lost" after it ended.
   */
  readonly state: "idle" | "connecting" | "attached" | "detached" | "lost";
  /** reason says why the session is detached or was lost. */
  readonly reason: string;
  /** lastHeard is when the gateway was last heard, in milliseconds since 1970; null if it never was. */
  readonly lastHeard: number | null;
  /** givesUpAt is when a detached session will be lost, in milliseconds since 1970; null if it is not detached. */
  readonly givesUpAt: number | null;
  /** endsAt is when the gateway, which is going down, will end the session, in milliseconds since 1970; else null. */
  readonly endsAt: number | null;
}

type Condition = Pick<SessionStatus, "state" | "reason" | "endsAt">;

/** LateError is the end of an open by its limit; refused is what the gateway said about how far it had got, if it did. */
export class LateError extends DeadlineError {
  readonly refused: RefusedError | null;

  constructor(refused: RefusedError | null) {
    super();
    this.refused = refused;
  }
}

// How long the gateway has to say how far an operation had got when it was canceled.
const answerMs = 30;

/** OpenOptions are what an open may need besides. */
export interface OpenOptions {
  /** session is the one to ask; without it, the link's own. */
  readonly session?: Session;
  /** onOpened is called before anything that the stream brings, to say what it carries. */
  readonly onOpened?: (stream: Stream, result: readonly unknown[]) => void;
}

/** Opened is a stream that the gateway opened. */
export interface Opened {
  readonly stream: Stream;
  readonly session: Session;
  readonly result: readonly unknown[];
}

export class Link {
  readonly #open: () => OpenTransport;
  #session: Promise<Session> | null = null;
  #condition: Condition = { state: "idle", reason: "", endsAt: null };
  #current: { session: Session; redial: Redial } | null = null;
  readonly #watchers = new Set<(status: SessionStatus) => void>();
  // #stop is aborted by close: it ends an attempt to connect, too.
  readonly #stop = new AbortController();

  // open is asked for the way anew each time a session is needed.
  constructor(open: () => OpenTransport) {
    this.#open = open;
  }

  get status(): SessionStatus {
    const { session, redial } = this.#current ?? {};
    const { state, endsAt } = this.#condition;
    const isDetached = state === "detached" && redial !== undefined;
    return {
      ...this.#condition,
      lastHeard: session === undefined ? null : epochMs(session.lastHeard),
      givesUpAt: isDetached ? Math.min(epochMs(redial.givesUpAt), endsAt ?? Number.POSITIVE_INFINITY) : null,
    };
  }

  // watch calls fn with every change of the status until the returned function is called.
  watch(fn: (status: SessionStatus) => void): () => void {
    this.#watchers.add(fn);
    return () => this.#watchers.delete(fn);
  }

  // connect opens the session if there is none. It fails with a GatewayError.
  connect(signal?: AbortSignal): Promise<Session> {
    if (this.#stop.signal.aborted) {
      return Promise.reject(this.#stop.signal.reason);
    }
    if (this.#session === null) {
      const session = this.#newSession(signal);
      this.#session = session;
      session.catch(() => {
        if (this.#session === session) {
          this.#session = null; // the next operation tries again
        }
      });
    }
    return this.#session;
  }

  async #newSession(signal?: AbortSignal): Promise<Session> {
    this.#set({ state: "connecting", reason: "", endsAt: null });
    try {
      const stop = signal === undefined ? this.#stop.signal : AbortSignal.any([this.#stop.signal, signal]);
      const open = this.#open();
      return await this.#greet(await open(stop), open, stop);
    } catch (err) {
      this.#lost(err instanceof Error ? err.message : String(err));
      throw err;
    }
  }

  #greet(transport: Transport, open: OpenTransport, stop: AbortSignal): Promise<Session> {
    return new Promise((resolve, reject) => {
      let endListening = (): void => {};
      const giveUp = (): void => {
        reject(stop.reason);
        session.close();
      };
      const session = new Session({
        role: "client",
        agent,
        resume: open.resumes === true,
        onAttached: () => {
          stop.removeEventListener("abort", giveUp);
          redial.attached();
          this.#set({ state: "attached", reason: "" });
          resolve(session);
        },
        onDetached: (_, code, reason) => {
          this.#set({ state: "detached", reason: reason || `the link ended (${code})` });
          redial.detached(code);
        },
        onDrain: (_, deadlineMs) => this.#set({ endsAt: Date.now() + deadlineMs }),
        onOver: (_, reason) => {
          stop.removeEventListener("abort", giveUp);
          endListening();
          redial.stop();
          if (reason.isIdle) {
            this.#session = null;
            this.#set({ state: "idle", reason: "", endsAt: null });
          } else {
            this.#lost(reason.message);
          }
          reject(
            new GatewayError(reason.message.replace(/^gonet: /, ""), "GONET_UNREACHABLE", "unreachable"),
          );
        },
      });
      const redial = new Redial(session, {
        open: (signal) => open(signal, session.gatewayID),
        refusal,
        waitMs: (err) => (err instanceof GatewayError ? err.retryAfterMs : null) ?? 0,
        delaysMs: open.redialMs,
      });
      this.#current = { session, redial };
      if (open.resumes === true) {
        endListening = onReturn(() => {
          session.probe();
          redial.hurry();
        });
      }
      session.attach(transport);
      stop.addEventListener("abort", giveUp);
      if (stop.aborted) {
        giveUp();
      }
    });
  }

  #lost(reason: string): void {
    this.#session = null;
    this.#set({ state: "lost", reason, endsAt: null });
  }

  #set(change: Partial<Condition>): void {
    this.#condition = { ...this.#condition, ...change };
    const { status } = this;
    for (const watcher of this.#watchers) {
      try {
        watcher(status);
      } catch (err) {
        queueMicrotask(() => {
          throw err; // it is the watcher's own, and no reason to end the session
        });
      }
    }
  }

  // close ends the session; every socket of it is closed. There is no new one.
  async close(): Promise<void> {
    this.#stop.abort(new GatewayError("this client was closed", "GONET_UNREACHABLE", "closed"));
    const session = await this.#session?.catch(() => null);
    session?.close();
  }

  /**
   * open asks the gateway to open op. If limit passes first, it fails with LateError, and what the gateway opens all
   * the same is closed. A refusal is a RefusedError; no way to the gateway is the error of a network that is down.
   */
  async open(op: string, args: readonly unknown[], limit: Limit, options: OpenOptions = {}): Promise<Opened> {
    let opening: Opening | null = null;
    let unsubscribe = (): void => {};
    const late = new Promise<never>((_, reject) => {
      const expire = (): void => {
        if (opening === null) {
          return reject(new LateError(null));
        }
        const timer = setTimeout(() => reject(new LateError(null)), answerMs);
        opening.cancel((refused) => {
          clearTimeout(timer);
          reject(new LateError(refused));
        });
      };
      if (limit.expired) {
        expire();
      }
      unsubscribe = limit.subscribe(expire);
    });
    const opened = async (): Promise<Opened> => {
      const session = options.session ?? (await this.#attached());
      if (limit.expired) {
        throw new LateError(null);
      }
      opening = session.open(op, args, options.onOpened);
      const { stream, answer } = opening;
      try {
        return { stream, session, result: await answer };
      } catch (err) {
        return limit.expired && !(err instanceof RefusedError) ? late : Promise.reject(err);
      }
    };
    try {
      return await Promise.race([late, opened()]);
    } finally {
      unsubscribe();
      late.catch(() => {}); // it may have lost the race and still fail
    }
  }

  // call asks the gateway a question that is about no stream. It fails with Go's error, or with LateError if limit
  // passes first. Whoever lost the gateway over a question has no network; there is no connection that was reset.
  async call(op: string, args: readonly unknown[], limit?: Limit): Promise<readonly unknown[]> {
    const answer = this.#attached().then((session) => session.call(op, args));
    try {
      return await (limit === undefined ? answer : within(limit, answer));
    } catch (err) {
      throw isSessionError(err) ? lostError(err, "connect", "ENETDOWN") : goError(err, op);
    }
  }

  async #attached(): Promise<Session> {
    try {
      return await this.connect();
    } catch (err) {
      const detail: Detail =
        err instanceof GatewayError
          ? { code: err.code, reason: err.message }
          : { code: "GONET_UNREACHABLE", reason: String(err) };
      throw withDetail(syscallError("connect", "ENETDOWN"), detail);
    }
  }
}

// epochMs is the time of the wall clock at a time of performance.now.
function epochMs(at: number): number {
  return Math.round(Date.now() + at - performance.now());
}

// refusal is the code with which a session ends whose new link was refused for good; null if the gateway was not reached,
// or has no room just now.
function refusal(err: unknown): number | null {
  if (!(err instanceof GatewayError)) {
    return null;
  }
  switch (err.reason) {
    case "token":
      return closeCode.token;
    case "origin":
    case "host":
      return closeCode.forbidden;
    case "gone":
      return closeCode.noSession;
    default:
      return null;
  }
}

async function within<T>(limit: Limit, work: Promise<T>): Promise<T> {
  let unsubscribe = (): void => {};
  const late = new Promise<never>((_, reject) => {
    const expire = (): void => reject(new LateError(null));
    if (limit.expired) {
      expire();
    }
    unsubscribe = limit.subscribe(expire);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    unsubscribe();
  }
}

/**
 * goError is an error of the wire as Go has it. call is the name of the system call that would have failed.
 * Errors that are Go's already stay as they are.
 */
export function goError(err: unknown, call: string): Error {
  if (err instanceof PiecesError) {
    return fromPieces(err.pieces, call);
  }
  if (isSessionError(err)) {
    // What never left was not begun: for the caller there was no network.
    return lostError(err, call, err.isUnsent ? "ENETDOWN" : "ECONNRESET");
  }
  return err as Error;
}

function lostError(err: SessionError, call: string, code: string): Error {
  return syscallError(call, code, { code: sessionLost, reason: err.message });
}

function isSessionError(err: unknown): err is SessionError {
  return err instanceof Error && err.name === "SessionError";
}

export type { Session, SessionState, Stream };
export { RefusedError };
