// Doubles of what Electron gives the app, for tests of the app's own decisions. None of them is Electron, and no test with
// them says that the app runs.

import { EventEmitter, once } from "node:events";
import { type MessagePort, MessageChannel as NodeChannel } from "node:worker_threads";
import type { MessagePortMainLike } from "../appport.js";
import type { ToGateway } from "../channels.js";
import type { GatewayProcess, ProcessEvents } from "../host.js";

/** DoubleProcess is a double of a running gateway process that does only what a test tells it to. */
export class DoubleProcess<Port> implements GatewayProcess<Port> {
  readonly events: ProcessEvents;
  readonly said: ToGateway[] = [];
  readonly ports: Port[] = [];
  kills = 0;

  constructor(events: ProcessEvents) {
    this.events = events;
  }

  send(message: ToGateway, port?: Port): void {
    this.said.push(message);
    if (port !== undefined) this.ports.push(port);
  }

  kill(): void {
    this.kills++;
    this.events.onExit(9);
  }

  ready(): void {
    this.events.onMessage({ type: "ready" });
  }
}

/** DoubleContents is a double of web contents: events go in, decisions come out. */
export class DoubleContents extends EventEmitter {
  onOpen: ((details: { url: string }) => { action: string }) | null = null;

  setWindowOpenHandler(
    handler: (details: { url: string }) => { action: "deny" } | { action: "allow" },
  ): void {
    this.onOpen = handler;
  }

  /** prevented says whether what event announces was stopped. */
  prevented(event: string, details: object = {}): boolean {
    let isPrevented = false;
    this.emit(event, {
      ...details,
      preventDefault: () => {
        isPrevented = true;
      },
    });
    return isPrevented;
  }
}

/** portMain is Node's port in the shape of Electron's MessagePortMain. */
export function portMain(port: MessagePort): MessagePortMainLike {
  return {
    on(event: string, listener: (event: { data: unknown }) => void) {
      if (event === "message") port.on("message", (data) => listener({ data }));
      else port.on("close", listener as () => void);
    },
    postMessage: (message) => port.postMessage(message),
    start: () => port.start(),
    close: () => port.close(),
  };
}

/** channel is a real channel of Node: the page's end as it is, the gateway's in Electron's shape. */
export function channel(): { page: MessagePort; gateway: MessagePortMainLike } {
  const { port1, port2 } = new NodeChannel();
  return { page: port1, gateway: portMain(port2) };
}

/** closed resolves when the other end of a port was closed. */
export async function closed(port: MessagePort): Promise<void> {
  await once(port, "close");
}
