// The front door: HTTP and the upgrade to a WebSocket, up to the moment a session takes over. What is behind it is the
// Door's; who may come in is check.ts's.
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { BlockList } from "node:net";
import type { Duplex } from "node:stream";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import { maxMessageBytes, subprotocol } from "../src/wire/frame.js";
import type { Authenticate } from "./auth.js";
import {
  callerAddress,
  checkHead,
  checkOrigin,
  checkPath,
  checkToken,
  checkUpgrade,
  pathOf,
  type Rules,
  takesUp,
  wsPath,
} from "./check.js";
import type { Log } from "./log.js";
import { type RefusalName, refusalHeaders, refusals } from "./refusal.js";
import { type Files, securityHeaders } from "./static.js";

// Peer is who stands behind an opened WebSocket.
export interface Peer {
  /** remoteAddress is the caller's IP address; behind a trusted proxy the one the proxy saw. */
  readonly remoteAddress: string;
  /** origin is the page's origin, which was allowed, or null for a program that sent none. */
  readonly origin: string | null;
  /** principal is whose token it was. */
  readonly principal: string;
}

// Door is what the front door needs of the sessions behind it.
export interface Door {
  /**
   * accept takes over an opened WebSocket before any message was read; it must listen for its messages at once. raw is
   * the socket below it, to be corked around several messages.
   */
  accept(ws: WebSocket, peer: Peer, raw: Duplex): void;
  /** size is the number of sessions there are. */
  readonly size: number;
  /** isShort says that there is no memory for another one. */
  readonly isShort: boolean;
  /** close ends all sessions and their sockets. */
  close(): Promise<void>;
}

// livePath answers 200 as long as the event loop turns; for supervisors, which know neither token nor host name.
export const livePath = "/livez";

// ownPrefix is where everything of ours is but the page.
const ownPrefix = "/gonet/";

// authTimeoutMs bounds how long an Authenticate may take: a client's own patience with a handshake is about this.
const authTimeoutMs = 10_000;

// lingerMs is how long a refused socket stays so that its answer arrives: closing at once would turn bytes that the
// caller is still sending into a reset, and a reset can overtake the answer.
const lingerMs = 50;

// maxLoggedChars cuts what strangers put into the log.
const maxLoggedChars = 120;

// corsHeaders let a page of any origin read why it was refused; the reason is all there is to read. No cookie is
// looked at, so `*` gives nobody anything.
const corsHeaders = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Methods": "GET",
  "Access-Control-Allow-Headers": "Authorization",
  "Access-Control-Expose-Headers": "Retry-After",
  "Access-Control-Max-Age": "600",
};

// webSocketOptions bound what a peer can make ws keep: bytes (a message), parts (fragments, chunks) and answers (pongs).
// The declarations of ws lack the last one.
const webSocketOptions: ServerOptions & { maxPendingAutoPongs: number } = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: maxMessageBytes,
  maxFragments: 64,
  maxBufferedChunks: 4096,
  maxPendingAutoPongs: 8,
  handleProtocols: () => subprotocol,
};

export interface FrontDoorOptions {
  readonly rules: Rules;
  readonly authenticate: Authenticate;
  readonly proxies: BlockList;
  readonly maxSessions: number;
  /** maxPending is how many handshakes may wait for authenticate at once. */
  readonly maxPending: number;
  /** files is the tools page, or null to serve none. */
  readonly files: Files | null;
  readonly log: Log;
}

// FrontDoor answers the requests and upgrades of one HTTP server. It is attached to a server that listens already and
// keeps what else that server answers: requests outside /gonet/ go to the listeners that were there before, if any.
export class FrontDoor {
  readonly #door: Door;
  readonly #options: FrontDoorOptions;
  readonly #webSockets = new WebSocketServer(webSocketOptions);
  readonly #upgraded = new Set<Duplex>();
  #pending = 0;
  #isDraining = false;

  constructor(door: Door, options: FrontDoorOptions) {
    this.#door = door;
    this.#options = options;
  }

  // attach begins to answer and returns the function that puts everything back.
  attach(server: Server): () => void {
    const requests = takeListeners(server, "request");
    const upgrades = takeListeners(server, "upgrade");
    const onRequest = (request: IncomingMessage, response: ServerResponse) => {
      if (requests.length > 0 && !isOurs(request)) return emit(requests, server, request, response);
      this.#request(request, response);
    };
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // First of all: a caller that resets while its token is looked at raises 'error' on this socket, and an error
      // nobody listens for ends the process.
      socket.on("error", ignoreError);
      if (upgrades.length > 0 && !isOurs(request)) return emit(upgrades, server, request, socket, head);
      this.#upgrade(request, socket, head);
    };
    const onConnect = (request: IncomingMessage, socket: Duplex) => {
      socket.on("error", ignoreError);
      this.#refuseSocket(request, socket, "method");
    };
    server.on("request", onRequest);
    server.on("upgrade", onUpgrade);
    // Whoever else answers CONNECT on this server keeps doing so; without a listener Node drops the caller silently.
    const answersConnect = server.listenerCount("connect") === 0;
    if (answersConnect) server.on("connect", onConnect);
    return () => {
      server.off("request", onRequest);
      server.off("upgrade", onUpgrade);
      server.off("connect", onConnect);
      for (const listener of requests) server.on("request", listener);
      for (const listener of upgrades) server.on("upgrade", listener);
    };
  }

  // drain refuses everybody new from now on.
  drain(): void {
    this.#isDraining = true;
  }

  // cut destroys what is left of the WebSockets: http.Server forgets a socket once it was upgraded.
  cut(): void {
    for (const socket of this.#upgraded) socket.destroy();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#admit(request, socket, head).catch((err: unknown) => {
      this.#options.log.error({ err }, "upgrade failed");
      this.#refuseSocket(request, socket, "internal");
    });
  }

  async #admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { rules } = this.#options;
    const refused = checkUpgrade(request, rules) ?? checkOrigin(request, rules);
    if (refused !== null) return this.#refuseSocket(request, socket, refused);
    const caller = await this.#identify(request, true);
    if (socket.destroyed) return; // the caller did not wait
    if ("refused" in caller) return this.#refuseSocket(request, socket, caller.refused);
    const { origin = null } = request.headers;
    const peer: Peer = { remoteAddress: this.#address(request), origin, principal: caller.principal };
    this.#upgraded.add(socket);
    socket.once("close", () => this.#upgraded.delete(socket));
    this.#webSockets.handleUpgrade(request, socket, head, (ws) => {
      // The session listens too; this one is for the time before and after it does.
      ws.on("error", ignoreError);
      this.#options.log.debug({ remote: peer.remoteAddress, principal: peer.principal }, "opened");
      this.#door.accept(ws, peer, socket);
    });
  }

  // identify finds out who calls and whether there is room. Limits by caller (penalties for wrong tokens, handshakes
  // per address) belong here, before the token is looked at.
  async #identify(
    request: IncomingMessage,
    isUpgrade: boolean,
  ): Promise<{ principal: string } | { refused: RefusalName }> {
    if (this.#pending >= this.#options.maxPending) return { refused: "pending" };
    this.#pending++;
    let timer: NodeJS.Timeout | undefined;
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error("authentication took too long")), authTimeoutMs);
      });
      const caller = await Promise.race([checkToken(request, this.#options.authenticate, isUpgrade), late]);
      if ("refused" in caller) return caller;
      if (this.#isDraining) return { refused: "draining" };
      if (this.#door.size >= this.#room(request)) return { refused: "limit" };
      if (this.#door.isShort && !takesUp(request)) return { refused: "memory" };
      return caller;
    } finally {
      clearTimeout(timer);
      this.#pending--;
    }
  }

  // #room is how many sessions there may be already. A link for one of them must come in when there is no room for a new one;
  // whether it tells the truth the door sees, and half of all links bounds how many may try.
  #room(request: IncomingMessage): number {
    const { maxSessions } = this.#options;
    return takesUp(request) ? 2 * maxSessions : maxSessions;
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request, response).catch((err: unknown) => {
      this.#options.log.error({ err }, "request failed");
      if (response.headersSent) response.destroy();
      else this.#refuse(request, response, "internal");
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request);
    if (path === null) return this.#refuse(request, response, "malformed");
    const isGet = request.method === "GET" || request.method === "HEAD";
    if (path === livePath && isGet)
      return this.#send(response, 200, "text/plain; charset=utf-8", "ok\n", null);
    if (path === checkPath) return await this.#check(request, response);
    const refused = checkHead(request, this.#options.rules);
    if (refused !== null) return this.#refuse(request, response, refused);
    if (path === wsPath) return this.#refuse(request, response, isGet ? "upgrade" : "method");
    if (path.startsWith(ownPrefix)) return this.#refuse(request, response, "path");
    if (!isGet) return this.#refuse(request, response, "method");
    await this.#file(request, response, path);
  }

  async #file(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const { files } = this.#options;
    if (files === null) return this.#refuse(request, response, "path");
    const headers = securityHeaders(request.headers.host ?? null);
    const outcome = await files.serve(request, response, path, headers);
    if (outcome === "sent") return;
    if (outcome === 404) return this.#refuse(request, response, "path");
    this.#refuse(request, response, outcome === 416 ? "range" : "malformed");
  }

  // check tells a client what the upgrade with the same credentials would have been answered.
  async #check(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { rules } = this.#options;
    if (request.method === "OPTIONS") {
      response.writeHead(204, { ...securityHeaders(null), ...corsHeaders }).end();
      return;
    }
    const wrongMethod = request.method === "GET" || request.method === "HEAD" ? null : "method";
    const refused = wrongMethod ?? checkHead(request, rules) ?? checkOrigin(request, rules);
    const caller = refused === null ? await this.#identify(request, false) : { refused };
    if (!("refused" in caller)) return this.#sendCheck(response, 200, { ok: true });
    const { status, reason, message } = refusals[caller.refused];
    this.#logRefusal(request, caller.refused);
    this.#sendCheck(response, status, { ok: false, reason, message }, refusalHeaders(caller.refused));
  }

  #sendCheck(
    response: ServerResponse,
    status: number,
    body: object,
    headers: Record<string, string> = {},
  ): void {
    const text = `${JSON.stringify(body)}\n`;
    this.#send(response, status, "application/json", text, { ...corsHeaders, ...headers });
  }

  #refuse(request: IncomingMessage, response: ServerResponse, name: RefusalName): void {
    const { status, message } = refusals[name];
    this.#logRefusal(request, name);
    this.#send(response, status, "text/plain; charset=utf-8", `${message}\n`, refusalHeaders(name));
  }

  #send(
    response: ServerResponse,
    status: number,
    type: string,
    body: string,
    headers: Record<string, string> | null,
  ): void {
    response.writeHead(status, {
      ...securityHeaders(null),
      "Content-Type": type,
      "Content-Length": Buffer.byteLength(body),
      "Cache-Control": "no-store",
      // What is left of a request that was refused is not worth reading; the next one may be part of it.
      ...(status >= 400 && status !== 404 ? { Connection: "close" } : {}),
      ...headers,
    });
    response.end(body);
  }

  // refuseSocket answers an upgrade and gets rid of the socket: what still comes in on it is thrown away unread, so that
  // nothing behind a refused handshake is ever taken for a request.
  #refuseSocket(request: IncomingMessage, socket: Duplex, name: RefusalName): void {
    const { status, message } = refusals[name];
    this.#logRefusal(request, name);
    const body = `${message}\n`;
    const headers: Record<string, string> = {
      ...securityHeaders(null),
      Connection: "close",
      "Content-Type": "text/plain; charset=utf-8",
      "Content-Length": String(Buffer.byteLength(body)),
      "Cache-Control": "no-store",
      ...refusalHeaders(name),
    };
    const lines = Object.entries(headers).map(([key, value]) => `${key}: ${value}\r\n`);
    socket.resume();
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${body}`);
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once("close", () => clearTimeout(timer));
  }

  #logRefusal(request: IncomingMessage, name: RefusalName): void {
    const { host, origin } = request.headers;
    this.#options.log.info(
      {
        reason: name,
        status: refusals[name].status,
        remote: this.#address(request),
        method: request.method,
        path: pathOf(request)?.slice(0, maxLoggedChars),
        host: host?.slice(0, maxLoggedChars),
        origin: origin?.slice(0, maxLoggedChars),
      },
      "refused",
    );
  }

  #address(request: IncomingMessage): string {
    return callerAddress(request, this.#options.proxies);
  }
}

type Listener = (...args: unknown[]) => void;

// takeListeners takes the listeners of an event off a server and returns them.
function takeListeners(server: Server, event: string): Listener[] {
  const listeners = server.listeners(event) as Listener[];
  for (const listener of listeners) server.off(event, listener);
  return listeners;
}

function emit(listeners: readonly Listener[], server: Server, ...args: unknown[]): void {
  for (const listener of listeners) listener.apply(server, args);
}

function isOurs(request: IncomingMessage): boolean {
  return request.url?.startsWith(ownPrefix) === true;
}

// ignoreError takes errors of sockets whose end is noticed by their 'close' anyway.
function ignoreError(): void {}
