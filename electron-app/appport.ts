// Electron's port of a main or utility process emits events as Node does; a session's transport wants them as a page has
// them. AppPort is the one over the other.

import type { MessagePortLike } from "../src/wire/messageport.js";

/** MessagePortMainLike is what is needed of Electron's MessagePortMain. */
export interface MessagePortMainLike {
  on(event: "message", listener: (event: { data: unknown }) => void): unknown;
  on(event: "close", listener: () => void): unknown;
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
}

export class AppPort implements MessagePortLike {
  readonly #port: MessagePortMainLike;
  readonly #onClose = new Set<() => void>();
  #isClosed = false;

  constructor(port: MessagePortMainLike) {
    this.#port = port;
    port.on("close", () => this.#closed());
  }

  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close" | "messageerror", listener: () => void): void;
  addEventListener(type: string, listener: (event: { data: unknown }) => void): void {
    if (type === "message") this.#port.on("message", listener);
    else if (type === "close") this.#onClose.add(listener as () => void);
    // "messageerror" is nothing that Electron has: what cannot be read does not arrive.
  }

  postMessage(message: unknown): void {
    if (!this.#isClosed) this.#port.postMessage(message);
  }

  start(): void {
    this.#port.start();
  }

  /** close closes the port, and says so to this side, too. */
  close(): void {
    if (this.#isClosed) return;
    this.#port.close();
    this.#closed();
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const listener of this.#onClose) listener();
  }
}
