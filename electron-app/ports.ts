// Ports are what the gateway's process has of every window: the ports its pages were given. Each is a link of a session,
// and nothing else leads to the gateway: no HTTP, no listening socket.

import type { Sessions } from "../gateway/sessions.js";
import { MessagePortTransport } from "../src/wire/messageport.js";
import { AppPort, type MessagePortMainLike } from "./appport.js";
import { parseToGateway } from "./channels.js";

// A page has one port, and for a moment a second one when it takes its session up again.
const maxPortsPerWindow = 8;

const origin = "app://gonet";

export class Ports {
  readonly #sessions: Sessions;
  readonly #byWindow = new Map<number, Set<AppPort>>();

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  /** size is how many ports there are. */
  get size(): number {
    let size = 0;
    for (const ports of this.#byWindow.values()) size += ports.size;
    return size;
  }

  /** handle does what a message of the main process says; ports came with it. It returns false if it is to stop. */
  handle(message: unknown, ports: readonly MessagePortMainLike[]): boolean {
    const said = parseToGateway(message);
    const [port] = ports;
    if (said?.type === "serve" && port !== undefined) this.#serve(said.window, port);
    if (said?.type === "leave") this.#leave(said.window);
    return said?.type !== "stop";
  }

  #serve(window: number, port: MessagePortMainLike): void {
    const ports = this.#byWindow.get(window) ?? new Set();
    if (ports.size >= maxPortsPerWindow) return port.close();
    this.#byWindow.set(window, ports);
    const appPort = new AppPort(port);
    ports.add(appPort);
    appPort.addEventListener("close", () => {
      ports.delete(appPort);
      if (ports.size === 0 && this.#byWindow.get(window) === ports) this.#byWindow.delete(window);
    });
    // The session belongs to the window: from another one it is not taken up even with the right key.
    const caller = { remoteAddress: "", origin, principal: `window ${window}` };
    this.#sessions.serve(new MessagePortTransport(appPort), caller);
  }

  #leave(window: number): void {
    for (const port of [...(this.#byWindow.get(window) ?? [])]) port.close();
  }
}
