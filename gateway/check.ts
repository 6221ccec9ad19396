// The checks that a request passes before anything is made for it, in their order. Pure: a request's head in, a
// refusal or nothing out. The order is from the cheapest to the dearest, and what needs no secret comes first.
import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import { type Authenticate, credentials, isWellFormed, protocolList } from "./auth.js";
import type { RefusalName } from "./refusal.js";

// wsPath is where the WebSocket is.
export const wsPath = "/gonet/v1/ws";

// checkPath is where a client asks why its WebSocket was refused: a page cannot see the status of a failed upgrade.
export const checkPath = "/gonet/v1/check";

// maxHeaders is the number of header lines in a request. Browsers and proxies send about 30; Node's own limit would
// drop the rest silently, and with it a second Origin.
export const maxHeaders = 100;

// singleHeaders must not come twice: Node joins or drops the second one, so two readers would see two truths.
const singleHeaders = new Set([
  "host",
  "origin",
  "authorization",
  "upgrade",
  "content-length",
  "transfer-encoding",
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-protocol",
  "sec-fetch-site",
]);

// urlSecrets are query parameters in which people put tokens; URLs are logged by everything on the way.
const urlSecrets = ["token", "access_token", "bearer"];

// webSocketKey is 16 bytes in base64 (RFC 6455, section 4.2.1).
const webSocketKey = /^[A-Za-z0-9+/]{22}==$/;
const webSocketVersion = "13";

// Rules is what the checks compare with.
export interface Rules {
  /** hosts are the values of Host that are answered, in lower case, with the port where it is not the scheme's own. */
  readonly hosts: ReadonlySet<string>;
  /** origins are the values of Origin that are answered, exactly as a browser writes them. */
  readonly origins: ReadonlySet<string>;
  /** requireOrigin refuses callers that send no Origin, which only programs that are not browsers can do. */
  readonly requireOrigin: boolean;
}

// pathOf is the path of a request's target, as it was written. It is null if the target is not a path (an absolute
// URL, `*`): only proxies get those.
export function pathOf(request: IncomingMessage): string | null {
  const target = request.url ?? "";
  if (!target.startsWith("/")) return null;
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}

// checkHead checks what every request must fulfil, whatever it asks for.
export function checkHead(request: IncomingMessage, rules: Rules): RefusalName | null {
  if (request.rawHeaders.length / 2 > maxHeaders) return "headers";
  if (hasDuplicates(request.rawHeaders)) return "duplicate";
  if (hasUrlSecret(request.url ?? "")) return "urlToken";
  if (!rules.hosts.has((request.headers.host ?? "").toLowerCase())) return "host";
  return null;
}

// gatewayParameter is where a client that takes a session up says which gateway has it: what spreads links over several
// gateways can go by it. It is no secret and grants nothing.
export const gatewayParameter = "gateway";

// isGatewayID says whether a gateway may be called so: it is part of session ids and of URLs.
export function isGatewayID(id: string): boolean {
  return /^[\w-]{1,8}$/.test(id);
}

// takesUp says that an upgrade is for a session that there is already, if its client tells the truth.
export function takesUp(request: IncomingMessage): boolean {
  return queryOf(request.url ?? "").has(gatewayParameter);
}

// checkUpgrade checks the head of a WebSocket handshake up to, not including, the Origin and the token.
export function checkUpgrade(request: IncomingMessage, rules: Rules): RefusalName | null {
  if (request.method !== "GET") return "method";
  const path = pathOf(request);
  if (path === null) return "malformed";
  if (path !== wsPath) return "path";
  const head = checkHead(request, rules);
  if (head !== null) return head;
  const { headers } = request;
  if (headers.upgrade?.toLowerCase() !== "websocket") return "malformed";
  // A body on a handshake would be read as WebSocket frames by us and as a body by a proxy.
  if (headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined)
    return "malformed";
  if (headers["sec-websocket-version"] !== webSocketVersion) return "upgrade";
  if (!webSocketKey.test(headers["sec-websocket-key"] ?? "")) return "malformed";
  return null;
}

// checkOrigin compares the Origin as a string: a parser that is more forgiving than a browser's would let strangers in.
// If there is none, the caller is no page of another site; whether it may come in is the rules' decision.
export function checkOrigin(request: IncomingMessage, rules: Rules): RefusalName | null {
  const { origin } = request.headers;
  if (origin !== undefined) return rules.origins.has(origin) ? null : "origin";
  // A browser leaves Origin away from a page's GET to its own site, and says so in a header no page can set.
  if (rules.requireOrigin && request.headers["sec-fetch-site"] !== "same-origin") return "origin";
  return null;
}

// checkToken finds out who is calling. Exactly one bearer must be there; with two, somebody may hope that two readers
// pick different ones. An upgrade must also ask for gonet.v1 besides (a browser fails a handshake that echoes nothing).
export async function checkToken(
  request: IncomingMessage,
  authenticate: Authenticate,
  isUpgrade: boolean,
): Promise<{ principal: string } | { refused: RefusalName }> {
  const protocols = isUpgrade ? protocolList(request.headers["sec-websocket-protocol"]) : [];
  const { tokens, speaksGonet } = credentials(request.headers.authorization, protocols);
  const [token] = tokens;
  if (token === undefined) return { refused: "noToken" };
  if (isUpgrade && !speaksGonet) return { refused: "protocol" };
  if (tokens.length > 1 || token === null) return { refused: "badToken" };
  if (!protocols.every(isWellFormed) || new Set(protocols).size < protocols.length)
    return { refused: "malformed" };
  const principal = await authenticate(token);
  if (principal === null) return { refused: "badToken" };
  return { principal };
}

// proxyList compiles the addresses of trusted proxies, each an IP address or a CIDR range. It throws a RangeError that
// names the bad entry.
export function proxyList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", bits, ...rest] = entry.split("/");
    const version = isIP(address);
    const width = version === 4 ? 32 : 128;
    const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (version === 0 || rest.length > 0 || !(prefix <= width)) {
      throw new RangeError(`${JSON.stringify(entry)} is no IP address and no CIDR range`);
    }
    list.addSubnet(address, prefix, version === 4 ? "ipv4" : "ipv6");
  }
  return list;
}

// callerAddress is the IP address a request comes from. From a trusted proxy it is the last hop of X-Forwarded-For, the
// one that proxy itself has added; what stands before it anybody could have written.
export function callerAddress(request: IncomingMessage, proxies: BlockList): string {
  const address = plainAddress(request.socket.remoteAddress ?? "");
  if (!isListed(address, proxies)) return address;
  const forwarded = request.headers["x-forwarded-for"];
  const last =
    (Array.isArray(forwarded) ? forwarded.join(",") : (forwarded ?? "")).split(",").at(-1)?.trim() ?? "";
  return isIP(last) === 0 ? address : plainAddress(last);
}

// plainAddress writes an IPv4 address that a dual-stack listener saw as ::ffff:a.b.c.d the usual way.
function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address;
}

function isListed(address: string, list: BlockList): boolean {
  const version = isIP(address);
  return version !== 0 && list.check(address, version === 4 ? "ipv4" : "ipv6");
}

function hasDuplicates(rawHeaders: readonly string[]): boolean {
  const seen = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    if (!singleHeaders.has(name)) continue;
    if (seen.has(name)) return true;
    seen.add(name);
  }
  return false;
}

function hasUrlSecret(target: string): boolean {
  const parameters = queryOf(target);
  return urlSecrets.some((name) => parameters.has(name));
}

function queryOf(target: string): URLSearchParams {
  const query = target.indexOf("?");
  return new URLSearchParams(query < 0 ? "" : target.slice(query + 1));
}
