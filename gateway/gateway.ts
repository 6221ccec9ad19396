// A gateway that listens: the front door bound to an address, what is refused as unsafe, which hosts and origins follow
// from the address, and the end of it all.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, isIP } from "node:net";
import { Server as TLSServer } from "node:tls";
import { type Authenticate, isToken, newToken, tokenCheck } from "./auth.js";
import { proxyList, type Rules, wsPath } from "./check.js";
import { gatewayLimits, type LimitSettings } from "./gatewaylimits.js";
import { builtPage } from "./home.js";
import { type Log, silentLog } from "./log.js";
import { type Door, FrontDoor } from "./server.js";
import { Files } from "./static.js";

// ConfigError says that a gateway cannot or must not start as it was told to, and what is missing.
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

// defaultMaxSessions is for 10 KB of memory for each idle session.
export const defaultMaxSessions = 10_000;

// minPublicTokenChars is the length of a token that others than this machine's users may try: 128 bits in base64url.
const minPublicTokenChars = 22;

// headersTimeoutMs ends callers that send their request byte by byte; Node looks for them every checkEveryMs.
const headersTimeoutMs = 10_000;
const checkEveryMs = 1_000;
const maxHeaderBytes = 16 * 1024;

// closeTimeoutMs bounds how long closing waits for sessions to end before their sockets are cut.
const closeTimeoutMs = 5_000;

const principalOfToken = "token";
const portOf = { http: 80, https: 443 } as const;

export interface GatewayOptions {
  /** host is the address to listen on: an IP address or "localhost". Default "127.0.0.1". */
  host?: string;
  /** port is the port to listen on; 0, the default, takes a free one. */
  port?: number;
  /** server is a server of yours that listens already; host and port are then its own, and it stays yours to close. */
  server?: Server;
  /** token is what callers must show. If there is none, a new one is made. */
  token?: string;
  /** authenticate decides by itself who a token belongs to; token is then not used. */
  authenticate?: Authenticate;
  /** origins are further origins whose pages may use the gateway, as browsers write them: "https://app.example". */
  origins?: readonly string[];
  /** hosts are further host names the gateway answers to; without a port, the scheme's own and the bound one are meant. */
  hosts?: readonly string[];
  /** requireOrigin refuses callers that send no Origin, which are programs, not pages. */
  requireOrigin?: boolean;
  /** trustedProxies are the addresses or CIDR ranges of proxies in front, which end TLS and set X-Forwarded-For. */
  trustedProxies?: readonly string[];
  /** insecurePlainHTTP accepts that tokens and data cross the network readable by anybody on the way. */
  insecurePlainHTTP?: boolean;
  /** webRoot is the folder of the tools page; null serves none. Default: the page built with this package, if it was. */
  webRoot?: string | null;
  /** maxSessions is how many sessions there may be. */
  maxSessions?: number;
  /** limits changes limits of each session and of the gateway; what is not named keeps its default. */
  limits?: LimitSettings;
  /** logger takes the log; nothing is logged without one. */
  logger?: Log;
}

// Gateway is a gateway that listens.
export interface Gateway {
  /** url is what a client connects to: "ws://127.0.0.1:8080/gonet/v1/ws". */
  readonly url: string;
  /** origin is where the page is: "http://127.0.0.1:8080". */
  readonly origin: string;
  /** openURL is the page with the token in the fragment, which no browser sends anywhere. It is a secret. */
  readonly openURL: string;
  /** token is what callers must show; "" if authenticate was given. */
  readonly token: string;
  /** close refuses newcomers, ends all sessions and frees the port. It resolves when all of that is done. */
  close(): Promise<void>;
}

// openGateway opens the front door before door. It rejects with a ConfigError if that would be unsafe, and with the error of the
// system call if the address cannot be had.
export async function openGateway(options: GatewayOptions, door: Door): Promise<Gateway> {
  const { host = "127.0.0.1", port = 0, logger: log = silentLog, trustedProxies = [] } = options;
  checkOptions(options);
  const token = options.authenticate === undefined ? (options.token ?? newToken()) : "";
  const files = openFiles(options.webRoot);
  const server = options.server ?? (await bind(host, port));
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new ConfigError("server: must listen on a TCP port already");
  const { rules, origin } = places(options, address, server instanceof TLSServer);
  const front = new FrontDoor(door, {
    rules,
    authenticate: options.authenticate ?? tokenCheck(token, principalOfToken),
    proxies: proxyList(trustedProxies),
    maxSessions: options.maxSessions ?? defaultMaxSessions,
    maxPending: gatewayLimits(options.limits).handshakes,
    files,
    log,
  });
  const detach = front.attach(server);
  log.info({ address: address.address, port: address.port, origin }, "listening");
  let closing: Promise<void> | undefined;
  const close = async () => {
    front.drain();
    const closed = options.server === undefined ? closeServer(server) : Promise.resolve();
    await within(closeTimeoutMs, door.close());
    front.cut();
    if (options.server === undefined) server.closeAllConnections();
    await closed;
    detach();
    log.info({}, "closed");
  };
  return {
    url: `${origin.replace(/^http/, "ws")}${wsPath}`,
    origin,
    openURL: token === "" ? `${origin}/` : `${origin}/#token=${encodeURIComponent(token)}`,
    token,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

// checkOptions throws a ConfigError for what must not be started. Each message names what is missing.
export function checkOptions(options: GatewayOptions): void {
  const { host = "127.0.0.1", token, origins = [], hosts = [], trustedProxies = [] } = options;
  if (token !== undefined && !isToken(token)) {
    throw new ConfigError("token: letters, digits and -._~+/ only, at most 4096, not empty");
  }
  for (const origin of origins) checkOriginOption(origin);
  for (const name of hosts) checkHostOption(name);
  try {
    proxyList(trustedProxies);
  } catch (err) {
    throw new ConfigError(`trusted-proxy: ${(err as Error).message}`);
  }
  if (options.server !== undefined) return; // its owner has decided where it listens
  if (isIP(host) === 0 && host !== "localhost") {
    throw new ConfigError(`listen: ${JSON.stringify(host)} is no IP address; names go to host-name`);
  }
  if (isLoopback(host)) return;
  if (trustedProxies.length === 0 && options.insecurePlainHTTP !== true) {
    throw new ConfigError(
      `listen: ${host} can be reached from the network, and plain HTTP shows tokens and data to anybody on the way: ` +
        "put a proxy that ends TLS in front and name it with trusted-proxy, or listen on 127.0.0.1 " +
        "(or accept it with insecure-plain-http)",
    );
  }
  if (isUnspecified(host) && hosts.length === 0) {
    throw new ConfigError(
      `listen: ${host} has no name of its own: say with host-name what the gateway is called`,
    );
  }
  if (token !== undefined && token.length < minPublicTokenChars) {
    throw new ConfigError(
      `token: a gateway that others can reach needs one of at least ${minPublicTokenChars} characters; leave it away and one is made`,
    );
  }
}

// places derives what the gateway is called from where it listens.
function places(
  options: GatewayOptions,
  address: AddressInfo,
  isTLS: boolean,
): { rules: Rules; origin: string } {
  const { hosts = [], origins = [], trustedProxies = [] } = options;
  const scheme = isTLS ? "https" : "http";
  const bound = literal(address.address);
  // Nobody else's name resolves to the word localhost or to an IP literal, so these are safe wherever we listen.
  const local =
    isUnspecified(address.address) || isLoopback(address.address) ? ["127.0.0.1", "localhost", "[::1]"] : [];
  const direct = new Set(isUnspecified(address.address) ? local : [bound, ...local]);
  const withPort = (name: string, usual: number) =>
    address.port === usual ? name : `${name}:${address.port}`;

  const allowedHosts = new Set<string>();
  const allowedOrigins = new Set<string>(origins);
  for (const name of direct) {
    allowedHosts.add(`${name}:${address.port}`);
    if (address.port === portOf[scheme]) allowedHosts.add(name);
    allowedOrigins.add(`${scheme}://${withPort(name, portOf[scheme])}`);
  }
  const named = hosts.map((name) => name.toLowerCase());
  for (const name of named) {
    allowedHosts.add(name);
    // Behind a proxy pages come by https; without one, as we speak.
    const outer = trustedProxies.length > 0 ? "https" : scheme;
    if (hasPort(name)) {
      allowedOrigins.add(`${outer}://${name}`);
      continue;
    }
    allowedHosts.add(`${name}:${address.port}`);
    allowedOrigins.add(
      outer === scheme ? `${outer}://${withPort(name, portOf[outer])}` : `${outer}://${name}`,
    );
  }
  const rules = {
    hosts: allowedHosts,
    origins: allowedOrigins,
    requireOrigin: options.requireOrigin ?? false,
  };
  const [firstName] = named;
  if (firstName !== undefined && !isLoopback(address.address)) {
    if (trustedProxies.length > 0) return { rules, origin: `https://${firstName}` };
    const name = hasPort(firstName) ? firstName : withPort(firstName, portOf[scheme]);
    return { rules, origin: `${scheme}://${name}` };
  }
  const shown = isUnspecified(address.address) ? "127.0.0.1" : bound;
  return { rules, origin: `${scheme}://${withPort(shown, portOf[scheme])}` };
}

// checkOriginOption takes only what a browser can send: one spelling, no wildcard, no path. "null" stands for every
// sandboxed frame and every file, so it is nobody's name.
function checkOriginOption(origin: string): void {
  const form = /^([a-z][a-z0-9+.-]*):\/\/[^\s/?#@*]+$/.exec(origin);
  const isWeb = form?.[1] === "http" || form?.[1] === "https";
  if (form === null || (isWeb && (!URL.canParse(origin) || new URL(origin).origin !== origin))) {
    throw new ConfigError(
      `origin: ${JSON.stringify(origin)} is not an origin as browsers write it, like "https://app.example" ` +
        "(lower case, no path, no usual port, no wildcard)",
    );
  }
}

function checkHostOption(name: string): void {
  const url = `http://${name}/`;
  const isHost = /^[^\s/?#@*\\]+$/.test(name) && URL.canParse(url) && new URL(url).hostname !== "";
  // The parser also reads numbers and odd spellings as addresses; the name must come out as it went in.
  if (!isHost || !name.toLowerCase().startsWith(new URL(url).hostname)) {
    throw new ConfigError(
      `host-name: ${JSON.stringify(name)} is not a host name, like "gw.example" or "gw.example:8443"`,
    );
  }
}

async function bind(host: string, port: number): Promise<Server> {
  const server = createServer({
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: headersTimeoutMs,
    connectionsCheckingInterval: checkEveryMs,
  });
  // Node would drop the headers beyond a count silently; the checks count them themselves.
  server.maxHeadersCount = 0;
  server.listen({ host, port });
  await once(server, "listening"); // rejects with the error of listen
  // Errors of accept (out of descriptors) pass; without a listener they would end the process.
  server.on("error", () => {});
  return server;
}

function openFiles(webRoot: string | null | undefined): Files | null {
  if (webRoot === null) return null;
  const folder = webRoot ?? builtPage();
  if (folder === null) return null;
  try {
    return new Files(folder);
  } catch (err) {
    throw new ConfigError(`web-root: ${(err as Error).message}`);
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve()); // its error says that it was closed already, which is as good
  });
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function isUnspecified(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function literal(address: string): string {
  return isIP(address) === 6 ? `[${address}]` : address;
}

function hasPort(name: string): boolean {
  return /:\d+$/.test(name.replace(/^\[[^\]]*\]/, ""));
}
