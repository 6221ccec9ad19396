// What the processes of the desktop app say to each other: every channel by name, with the shape of its messages. What
// arrives is unknown until a function here has looked at it.

/** channels are those between a page's preload script and the main process. */
export const channels = {
  /** open asks for a port (an OpenRequest) and is answered with an OpenAnswer. */
  open: "gonet:open",
  /** port brings the port, with a PortMessage. */
  port: "gonet:port",
  /** gone says that a life of the gateway's process ended, with a GoneMessage. */
  gone: "gonet:gone",
} as const;

export interface OpenRequest {
  /** ticket is the page's own name for the port. */
  readonly ticket: string;
  /** generation is the life of the gateway's process that is wanted; null: any. */
  readonly generation: number | null;
}

export type OpenAnswer =
  | { readonly generation: number }
  | { readonly refused: "gone" | "failed" | "limit"; readonly message: string };

export interface PortMessage {
  readonly type: "gonet-port";
  readonly ticket: string;
}

export interface GoneMessage {
  readonly type: "gonet-gone";
  readonly generation: number;
}

/** ToGateway is what the main process says to the gateway's process. */
export type ToGateway =
  /** serve comes with a port, whose other end is in a page of that window. */
  | { readonly type: "serve"; readonly window: number }
  /** leave says that the window's page is gone. */
  | { readonly type: "leave"; readonly window: number }
  /** stop ends every session, and then the process. */
  | { readonly type: "stop" };

/** FromGateway is what the gateway's process says to the main process. */
export type FromGateway =
  | { readonly type: "ready" }
  /** unusable says that there is no gateway on this machine, and that starting it again won't help. */
  | { readonly type: "unusable"; readonly reason: string };

const ticketPattern = /^[A-Za-z0-9-]{1,64}$/;

/** parseOpen reads the arguments of an open; null if they are not exactly that. */
export function parseOpen(args: readonly unknown[]): OpenRequest | null {
  const [ticket, generation] = args;
  const isRight =
    args.length === 2 &&
    typeof ticket === "string" &&
    ticketPattern.test(ticket) &&
    (generation === null || (Number.isSafeInteger(generation) && (generation as number) > 0));
  return isRight ? { ticket, generation: generation as number | null } : null;
}

/** parseToGateway reads a message to the gateway's process; null if it is none. */
export function parseToGateway(message: unknown): ToGateway | null {
  const { type, window } = (message ?? {}) as { type?: unknown; window?: unknown };
  if (type === "stop") return { type };
  if ((type === "serve" || type === "leave") && Number.isSafeInteger(window)) {
    return { type, window: window as number };
  }
  return null;
}

/** parseFromGateway reads a message of the gateway's process; null if it is none. */
export function parseFromGateway(message: unknown): FromGateway | null {
  const { type, reason } = (message ?? {}) as { type?: unknown; reason?: unknown };
  if (type === "ready") return { type };
  if (type === "unusable" && typeof reason === "string") return { type, reason };
  return null;
}
