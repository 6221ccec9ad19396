// The way to the gateway inside the desktop app: its preload script puts gonetHost on the window, which asks for a
// MessagePort to the gateway's process. The port itself comes as a message to the window, since nothing else can carry
// one from there to a page.

import { GatewayError, type OpenTransport } from "./opentransport.js";
import { type MessagePortLike, MessagePortTransport } from "./wire/messageport.js";

/** HostAnswer says that a port is on its way to the window, and to which life of the gateway's process, or why not. */
export type HostAnswer =
  | { readonly generation: number }
  | { readonly refused: "gone" | "failed" | "limit"; readonly message: string };

/** GonetHost is what the desktop app puts on the window of its page, as gonetHost. */
export interface GonetHost {
  /**
   * open asks for a port. It comes in a message to the window with that ticket. With a generation, only that life of the
   * gateway's process will do.
   */
  open(ticket: string, generation: number | null): Promise<HostAnswer>;
}

/** PortMessage is the message to the window that brings a port. */
interface PortMessage {
  readonly type: "gonet-port";
  readonly ticket: string;
}

/** GoneMessage is the message to the window that says that a life of the gateway's process ended. */
interface GoneMessage {
  readonly type: "gonet-gone";
  readonly generation: number;
}

// Starting the gateway's process anew takes a second or two; after this it won't come.
const openTimeoutMs = 30_000;

/** hostOf gives the desktop app's host, if this is its page. */
export function hostOf(scope: object = globalThis): GonetHost | null {
  const { gonetHost } = scope as { gonetHost?: GonetHost };
  return typeof gonetHost?.open === "function" ? gonetHost : null;
}

/**
 * overHost gives the way to the gateway that host has. If the port is lost and the gateway's process is not, the session is
 * taken up again over another port; with the process every socket is gone, and the session ends at once.
 */
export function overHost(host: GonetHost, scope: Window = globalThis.window): OpenTransport {
  let generation: number | null = null;
  const open = async (signal?: AbortSignal) => {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(noAnswer()), openTimeoutMs);
    const stop = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]);
    const ticket = crypto.randomUUID();
    const handed = handOver(scope, ticket);
    try {
      const answer = await until(stop, host.open(ticket, generation));
      if ("refused" in answer) {
        generation = answer.refused === "gone" ? null : generation; // the next session is a new one
        throw new GatewayError(answer.message, "GONET_UNREACHABLE", answer.refused);
      }
      const port = await until(stop, handed.port);
      generation = answer.generation;
      return new MessagePortTransport(new ProcessPort(port, generation, scope));
    } finally {
      clearTimeout(timer);
      handed.forget(); // a port that comes later is nobody's, which closes it
    }
  };
  return Object.assign(open, { resumes: true });
}

// ProcessPort is a port to one life of the gateway's process, which ends with it. Not every platform tells a page by itself
// that the other end of a port is gone.
class ProcessPort implements MessagePortLike {
  readonly #port: MessagePortLike;
  readonly #scope: Window;
  readonly #onMessage: (event: MessageEvent) => void;
  readonly #onClose = new Set<() => void>();

  constructor(port: MessagePortLike, generation: number, scope: Window) {
    this.#port = port;
    this.#scope = scope;
    this.#onMessage = ({ source, data }) => {
      if (source === scope && isGoneMessage(data, generation)) {
        this.#closed();
      }
    };
    scope.addEventListener("message", this.#onMessage);
    port.addEventListener("close", () => this.#closed());
  }

  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close" | "messageerror", listener: () => void): void;
  addEventListener(type: string, listener: (event: { data: unknown }) => void): void {
    if (type === "close") {
      this.#onClose.add(listener as () => void);
    } else {
      this.#port.addEventListener(type as "message", listener);
    }
  }

  postMessage(message: unknown): void {
    this.#port.postMessage(message);
  }

  start(): void {
    this.#port.start?.();
  }

  close(): void {
    this.#scope.removeEventListener("message", this.#onMessage);
    this.#port.close();
  }

  #closed(): void {
    this.#scope.removeEventListener("message", this.#onMessage);
    for (const listener of this.#onClose) {
      listener();
    }
  }
}

function noAnswer(): GatewayError {
  return new GatewayError("the gateway's process does not answer", "GONET_UNREACHABLE", "unreachable");
}

// handOver waits for the port with this ticket until it is told to forget it.
function handOver(scope: Window, ticket: string): { port: Promise<MessagePortLike>; forget(): void } {
  let forget = (): void => {};
  const port = new Promise<MessagePortLike>((resolve) => {
    const listener = ({ source, data, ports }: MessageEvent): void => {
      const [its] = ports;
      if (source === scope && its !== undefined && isPortMessage(data, ticket)) {
        resolve(its as MessagePortLike);
      }
    };
    scope.addEventListener("message", listener);
    forget = () => scope.removeEventListener("message", listener);
  });
  return { port, forget: () => forget() };
}

function isPortMessage(data: unknown, wanted: string): boolean {
  const { type, ticket } = (data ?? {}) as Partial<PortMessage>;
  return type === "gonet-port" && ticket === wanted;
}

function isGoneMessage(data: unknown, wanted: number): boolean {
  const { type, generation } = (data ?? {}) as Partial<GoneMessage>;
  return type === "gonet-gone" && generation === wanted;
}

async function until<T>(stop: AbortSignal, work: Promise<T>): Promise<T> {
  let unsubscribe = (): void => {};
  const stopped = new Promise<never>((_, reject) => {
    const abort = (): void => reject(stop.reason);
    if (stop.aborted) {
      abort();
    }
    stop.addEventListener("abort", abort);
    unsubscribe = () => stop.removeEventListener("abort", abort);
  });
  try {
    return await Promise.race([stopped, work]);
  } finally {
    unsubscribe();
    stopped.catch(() => {}); // it may have lost the race and still fail
  }
}
