// Who a caller is: the token, where it may stand in a request, and how it is compared.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { subprotocol } from "../src/wire/frame.js";

// bearerPrefix starts the subprotocol that carries a token: a page cannot set headers on a WebSocket, and a URL ends
// up in logs. What follows it is the base64url form (RFC 4648, section 5, no padding) of the token's UTF-8 bytes.
export const bearerPrefix = "gonet.bearer.";

// maxTokenBytes bounds the work of hashing what a stranger sent; a large JWT is about 2 KiB.
export const maxTokenBytes = 4096;

// tokenBytes is the entropy of a token we make: as much as the digest it is compared by.
const tokenBytes = 32;

// b64token is the grammar of a bearer token (RFC 6750, section 2.1).
const b64token = /^[A-Za-z0-9\-._~+/]+=*$/;

// bearerHeader is the whole header; the scheme's name has no case (RFC 9110, section 11.1).
const bearerHeader = /^bearer +(\S+)$/i;

const httpToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const base64url = /^[A-Za-z0-9_-]+$/;

// Authenticate says whose token this is: the principal's name, or null if it is nobody's. It may take its time
// (a key server, a file); the gateway waits at most authTimeoutMs for it.
export type Authenticate = (token: string) => string | null | Promise<string | null>;

// Credentials is what a request brought along: the tokens in it, however they were sent, and whether it asked for our
// subprotocol. A malformed bearer counts as a token that nobody has, so that it is refused like any wrong one.
export interface Credentials {
  readonly tokens: readonly (string | null)[];
  readonly speaksGonet: boolean;
}

// newToken makes a token nobody can guess: 32 random bytes in base64url.
export function newToken(): string {
  return randomBytes(tokenBytes).toString("base64url");
}

// isToken reports whether s can be a token at all: it must survive an Authorization header unchanged.
export function isToken(s: string): boolean {
  return s.length <= maxTokenBytes && b64token.test(s);
}

// bearerProtocol is the subprotocol that carries token.
export function bearerProtocol(token: string): string {
  return bearerPrefix + Buffer.from(token, "utf8").toString("base64url");
}

// tokenCheck makes the Authenticate of a single token. It keeps only the token's SHA-256 digest and compares digests,
// in constant time, so neither the length nor the first wrong byte shows in the time taken.
export function tokenCheck(token: string, principal: string): Authenticate {
  const want = digest(token);
  return (given) => (timingSafeEqual(digest(given), want) ? principal : null);
}

// credentials collects the tokens of a request from the two headers that may carry them. Cookies and the URL are never
// looked at: what a browser sends by itself proves nothing about who asked.
export function credentials(authorization: string | undefined, protocols: readonly string[]): Credentials {
  const tokens: (string | null)[] = [];
  if (authorization !== undefined) tokens.push(authorizationToken(authorization));
  for (const protocol of protocols) {
    if (protocol.startsWith(bearerPrefix)) tokens.push(decodeBearer(protocol.slice(bearerPrefix.length)));
  }
  return { tokens, speaksGonet: protocols.includes(subprotocol) };
}

// protocolList splits a Sec-WebSocket-Protocol header (RFC 6455, section 11.3.4) without judging its elements.
export function protocolList(header: string | undefined): string[] {
  return header === undefined ? [] : header.split(",").map((protocol) => protocol.trim());
}

// isWellFormed reports whether protocol is a token in HTTP's sense (RFC 9110, section 5.6.2).
export function isWellFormed(protocol: string): boolean {
  return httpToken.test(protocol);
}

// authorizationToken is the token of `Bearer <token>`, or null for any other scheme or form.
function authorizationToken(header: string): string | null {
  const token = bearerHeader.exec(header)?.[1];
  return token !== undefined && isToken(token) ? token : null;
}

// decodeBearer reads the base64url form strictly: one spelling for each token, valid UTF-8, bounded length.
function decodeBearer(encoded: string): string | null {
  if (encoded.length > Math.ceil((maxTokenBytes * 4) / 3) || !base64url.test(encoded)) return null;
  const bytes = Buffer.from(encoded, "base64url");
  if (bytes.length === 0 || bytes.length > maxTokenBytes) return null;
  // Buffer ignores stray bits at the end; only the spelling that we would write ourselves is taken.
  if (bytes.toString("base64url") !== encoded) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null; // not UTF-8: nobody's token
  }
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token, "utf8").digest();
}
