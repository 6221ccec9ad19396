// How the main process answers a page that asks for a port: it looks who asks and what for, and lets the host decide.

import { channels, type OpenAnswer, type PortMessage, parseOpen } from "./channels.js";
import type { Host } from "./host.js";
import { type Frame, isTopPage } from "./origin.js";

/** Asker is what is looked at of a request's event. */
export interface Asker<Port> {
  readonly sender: { readonly id: number };
  readonly senderFrame:
    | (Frame & { postMessage(channel: string, message: PortMessage, transfer: Port[]): void })
    | null;
}

/**
 * answerOpen answers a request for a port. isWindow says whether the asker's web contents are one of our windows. It throws
 * if the asker is not the page of a window, or asks for something else.
 */
export async function answerOpen<Port>(
  event: Asker<Port>,
  args: readonly unknown[],
  host: Pick<Host<Port>, "open">,
  isWindow: (id: number) => boolean,
): Promise<OpenAnswer> {
  const { sender, senderFrame } = event;
  const request = parseOpen(args);
  if (!isWindow(sender.id) || !isTopPage(senderFrame) || request === null) throw new Error("refused");
  const opened = await host.open(sender.id, request.generation);
  if ("refused" in opened) return opened;
  const { port, generation } = opened;
  // A page that went away meanwhile has no use for the port.
  if (!isTopPage(senderFrame)) throw new Error("refused");
  senderFrame?.postMessage(channels.port, { type: "gonet-port", ticket: request.ticket }, [port]);
  return { generation };
}
