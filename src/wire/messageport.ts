// A Transport over a MessagePort: of a page, of an Electron process, or of Node's worker_threads.

import { closeCode } from "./errors.js";
import type { Receiver, Transport } from "./transport.js";

// MessagePortLike is what all of them have in common.
export interface MessagePortLike {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close" | "messageerror", listener: () => void): void;
  start?(): void;
  close(): void;
}

export class MessagePortTransport implements Transport {
  receiver: Receiver | null = null;
  readonly memory = "copied";
  readonly #port: MessagePortLike;

  constructor(port: MessagePortLike) {
    this.#port = port;
    port.addEventListener("message", ({ data }) => {
      // Shared memory could change between the check of a frame and its use.
      if (data instanceof Uint8Array && data.buffer instanceof ArrayBuffer) this.receiver?.onMessage(data);
      else this.#ended(closeCode.broken, "not bytes");
    });
    port.addEventListener("messageerror", () => this.#ended(closeCode.broken, "message error"));
    // A port ends with its page or process, or because that wants it to; nothing on the way can break it.
    port.addEventListener("close", () => this.#ended(closeCode.goingAway, "port closed"));
    port.start?.();
  }

  // send posts a copy. A view of a larger buffer is cut out first: cloning it would clone the whole
  // buffer, and listing it for transfer would take the buffer away from the other frames in it.
  send(message: Uint8Array): void {
    if (this.receiver === null) return;
    this.#port.postMessage(message.byteLength === message.buffer.byteLength ? message : message.slice());
  }

  // bufferedBytes is unknown: a port does not tell. The session counts what is not acknowledged instead.
  bufferedBytes(): null {
    return null;
  }

  cork(): void {}

  uncork(): void {}

  close(): void {
    this.receiver = null;
    this.#port.close();
  }

  terminate(): void {
    this.close();
  }

  #ended(code: number, reason: string): void {
    const receiver = this.receiver;
    this.close();
    receiver?.onClose(code, reason);
  }
}
