// How a transport to a gateway is opened: over a WebSocket, or over a port that somebody gave.

import { subprotocol } from "./wire/frame.js";
import { type MessagePortLike, MessagePortTransport } from "./wire/messageport.js";
import type { Transport } from "./wire/transport.js";
import { type WebSocketLike, WebSocketTransport } from "./wire/websocket.js";

const wsPath = "/gonet/v1/ws";
const checkPath = "/gonet/v1/check";
const gatewayParameter = "gateway";
const bearerPrefix = "gonet.bearer.";

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
