// A client that writes the bytes of a handshake itself, over node:net: what a well-behaved library would never send can
// be sent, and what happens to the socket can be seen.
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { subprotocol } from "../../src/wire/frame.js";
import { bearerProtocol } from "../auth.js";
import { wsPath } from "../check.js";

// patienceMs ends an exchange that the other side does not end.
const patienceMs = 10_000;

// HeaderList is header lines in order; the same name may come twice.
export type HeaderList = readonly (readonly [name: string, value: string])[];

// Answer is what came back.
export interface Answer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: string;
  /** isClosed says that the other side ended the connection. */
  readonly isClosed: boolean;
  /** tookMs is the time from sending to the end of the exchange. */
  readonly tookMs: number;
}

export interface HandshakeParts {
  method?: string;
  path?: string;
  /** host is the Host header; null leaves it away. */
  host: string | null;
  origin?: string;
  token?: string;
  protocols?: string | null;
  /** replace has headers to send instead of the usual ones, by name in lower case; null leaves one away. */
  replace?: Record<string, string | null>;
  /** more has headers to send besides. */
  more?: HeaderList;
}

// handshake writes a WebSocket handshake that is right in everything but what parts says.
export function handshake(parts: HandshakeParts): string {
  const { method = "GET", path = wsPath, replace = {}, more = [] } = parts;
  const headers: [string, string | null | undefined][] = [
    ["Host", parts.host],
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Key", randomBytes(16).toString("base64")],
    ["Sec-WebSocket-Version", "13"],
    ["Sec-WebSocket-Protocol", parts.protocols === undefined ? usualProtocols(parts.token) : parts.protocols],
    ["Origin", parts.origin],
  ];
  const lines = headers
    .map(
      ([name, value]) => [name, name.toLowerCase() in replace ? replace[name.toLowerCase()] : value] as const,
    )
    .filter((line): line is readonly [string, string] => line[1] !== null && line[1] !== undefined);
  return requestText(method, path, [...lines, ...more]);
}

// requestText writes a request head.
export function requestText(method: string, path: string, headers: HeaderList): string {
  return `${method} ${path} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

// exchange sends bytes and collects the answer until the other side closes, or until a complete head says 101 or has
// been followed by as many bytes as it announced.
export function exchange(port: number, bytes: string | Uint8Array, localAddress?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      port,
      host: "127.0.0.1",
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    const started = performance.now();
    const chunks: Buffer[] = [];
    const timer = setTimeout(() => finish(new Error("no answer and no end")), patienceMs);
    const finish = (problem: Error | null, isClosed = false) => {
      clearTimeout(timer);
      socket.destroy();
      const answer = parseAnswer(Buffer.concat(chunks), isClosed, performance.now() - started);
      if (problem !== null) reject(problem);
      else resolve(answer);
    };
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      if (isComplete(Buffer.concat(chunks))) finish(null);
    });
    socket.on("close", () => finish(null, true));
    socket.on("error", () => {}); // a reset: 'close' follows and says the rest
    socket.write(bytes);
  });
}

// header is the value of a header of an answer, undefined if it is not there.
export function header(answer: Answer, name: string): string | undefined {
  return answer.headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

// opened connects, sends bytes and hands over the socket at once, for tests that mistreat it.
export function opened(port: number, bytes: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      socket.on("error", () => {});
      socket.write(bytes, () => resolve(socket));
    });
  });
}

function usualProtocols(token: string | undefined): string {
  return token === undefined ? subprotocol : `${subprotocol}, ${bearerProtocol(token)}`;
}

// isComplete ends an exchange that would go on: an upgrade that was granted, or an answer on a connection that is kept.
function isComplete(bytes: Buffer): boolean {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const head = bytes.subarray(0, end).toString("latin1");
  if (head.startsWith("HTTP/1.1 101 ")) return true;
  if (/^connection: close$/im.test(head)) return false;
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  return length !== undefined && bytes.length >= end + 4 + Number(length);
}

function parseAnswer(bytes: Buffer, isClosed: boolean, tookMs: number): Answer {
  const end = bytes.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = bytes.subarray(0, Math.max(end, 0)).toString("latin1").split("\r\n");
  return {
    status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1] ?? 0),
    headers: lines.map((line) => [
      line.slice(0, line.indexOf(":")),
      line.slice(line.indexOf(":") + 1).trim(),
    ]),
    body: end < 0 ? "" : bytes.subarray(end + 4).toString("utf8"),
    isClosed,
    tookMs,
  };
}
