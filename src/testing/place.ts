// A client and a gateway, for real, with a network between them that breaks when it is told to.

import { once } from "node:events";
import { type AddressInfo, connect as connectPlain, createServer, type Server, type Socket } from "node:net";
import { type ServeOptions, serve } from "../../gateway/index.js";
import type { Net } from "../connect.js";
import { connect } from "../node.js";
import type { ConnectOptions } from "../opentransport.js";
import { Chaos, type Cut } from "./chaos.js";

/** Place is a client of a gateway behind a bad network. */
export interface Place {
  readonly net: Net;
  readonly chaos: Chaos;
  /** url and token are for further clients, through the same network. */
  readonly url: URL;
  readonly token: string;
}

const cleanups: (() => unknown)[] = [];

/** later has a function called by tidy, the last one first. */
export function later(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}

/** tidy ends what was begun here: for afterEach. */
export async function tidy(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

/** place makes one. The client comes back quickly, unless it is told otherwise. */
export async function place(
  options: ServeOptions = {},
  seed = 1,
  client: ConnectOptions = {},
): Promise<Place> {
  const chaos = await Chaos.start(seed);
  const gateway = await serve({ webRoot: null, hosts: [`127.0.0.1:${chaos.port}`], ...options });
  later(() => gateway.close());
  later(() => chaos.close());
  chaos.target = Number(new URL(gateway.url).port);
  const url = new URL(gateway.url);
  url.port = String(chaos.port);
  const { token } = gateway;
  const net = await connect(url, { token, redialMs: [0, 20], ...client });
  later(() => net.session.close());
  return { net, chaos, url, token };
}

/** outage has the network end every connection and take no new one for a while. */
export async function outage(chaos: Chaos, ms: number, how: Cut = "reset"): Promise<void> {
  chaos.isDown = true;
  chaos.cut(how);
  await sleep(ms);
  chaos.isDown = false;
}

/** listening is a plain TCP server. */
export async function listening(
  onSocket: (socket: Socket) => void,
): Promise<{ server: Server; address: string }> {
  const server = createServer({ allowHalfOpen: true }, onSocket);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  later(() => server.close());
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** freePort is a port of 127.0.0.1 that was free just now: for programs that cannot take any free one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** listens waits until somebody listens on a port of 127.0.0.1: a program that was started just now. */
export async function listens(port: number): Promise<void> {
  for (const until = performance.now() + listensLimitMs; performance.now() < until; await sleep(20)) {
    const socket = connectPlain({ host: "127.0.0.1", port });
    const isThere = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isThere) return;
  }
  throw new Error(`nobody listens on port ${port}`);
}

const listensLimitMs = 10_000;

/** failure is what p rejects with. */
export async function failure(p: Promise<unknown>): Promise<Error> {
  return p.then(
    () => Promise.reject(new Error("it did not fail")),
    (err: Error) => err,
  );
}

/** sleep waits: an outage lasts. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** quantiles shows some of the smallest and of the largest of what was measured. */
export function quantiles(measured: readonly number[]): string {
  const sorted = [...measured].sort((a, b) => a - b);
  const at = (part: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]?.toFixed(1);
  return `min ${at(0)}, p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, max ${at(1)} (${sorted.length})`;
}

export const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s);
export const text = (b: Uint8Array): string => new TextDecoder().decode(b);
