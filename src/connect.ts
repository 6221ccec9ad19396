// Which gateway: connect gives an independent package net bound to one, configure sets the one that the module's
// own names use.

import { hostOf, overHost } from "./host.js";
import { Link, type SessionStatus } from "./link.js";
import {
  type ConnectOptions,
  GatewayError,
  type OpenTransport,
  overMessagePort,
  overWebSocket,
} from "./opentransport.js";
import * as pure from "./pure.js";
import { type Surface, surface } from "./surface.js";
import type { MessagePortLike } from "./wire/messageport.js";

/** Status is what can be seen of the session with a gateway. */
export interface Status {
  /** status is its state now. */
  readonly status: SessionStatus;
  /** watch calls fn with every change until the function it returns is called. */
  watch(fn: (status: SessionStatus) => void): () => void;
  /** close ends the session and with it every socket of it. */
  close(): Promise<void>;
}

/** Net is package net bound to one gateway. */
export type Net = typeof pure & Surface & { readonly session: Status } & AsyncDisposable;

/**
 * connect opens a session with the gateway at url ("ws://127.0.0.1:8080", "https://gw.example"), or behind a
 * MessagePort, and gives the whole package bound to it. It rejects with a GatewayError that says why the
 * gateway refused or could not be reached.
 */
export async function connect(
  gateway: string | URL | MessagePortLike,
  options: ConnectOptions = {},
): Promise<Net> {
  return connectOver(way(gateway, options), options.signal);
}

/** connectOver is {@link connect} over any transport. */
export async function connectOver(open: OpenTransport, signal?: AbortSignal): Promise<Net> {
  const link = new Link(() => open);
  await link.connect(signal);
  return {
    ...pure,
    ...surface(link),
    session: status(link),
    [Symbol.asyncDispose]: () => link.close(),
  };
}

function way(gateway: string | URL | MessagePortLike, options: ConnectOptions): OpenTransport {
  return typeof gateway === "string" || gateway instanceof URL
    ? overWebSocket(gateway, options)
    : overMessagePort(gateway);
}

function status(link: Link): Status {
  return {
    get status() {
      return link.status;
    },
    watch: (fn) => link.watch(fn),
    close: () => link.close(),
  };
}

/** Configuration says which gateway the module's own names use. */
export interface Configuration extends ConnectOptions {
  /** url is the gateway's; without it, it is the origin of the page, and in the desktop app the app's own gateway. */
  readonly url?: string | URL;
  /** port is a MessagePort whose other end a gateway serves; it takes the place of url. */
  readonly port?: MessagePortLike;
}

let configured: OpenTransport | null = null;

/** configure sets the default gateway. It holds for the next session: one that is open stays. */
export function configure(configuration: Configuration): void {
  configured = way(configuration.port ?? configuration.url ?? pageOrigin(), configuration);
}

function pageOrigin(): string {
  const { origin } = (globalThis as { location?: { origin?: string } }).location ?? {};
  if (origin === undefined || origin === "null") {
    throw new GatewayError(
      "no gateway: call configure({ url, token }) first",
      "GONET_UNREACHABLE",
      "unconfigured",
    );
  }
  return origin;
}

// In the desktop app's page it is the gateway that the app hands ports to.
function usual(): OpenTransport {
  const host = hostOf();
  return host === null ? overWebSocket(pageOrigin(), {}) : overHost(host);
}

const defaultLink = new Link(() => configured ?? usual());

/** session is the session with the default gateway. */
export const session: Status = status(defaultLink);

/** defaultSurface is bound to the default gateway. */
export const defaultSurface: Surface = surface(defaultLink);
