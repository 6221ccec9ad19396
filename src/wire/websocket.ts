// A Transport over a WebSocket: the browser's, or the one of the package ws.

import { closeCode, maxReasonChars } from "./errors.js";
import type { Receiver, Transport } from "./transport.js";

// WebSocketLike is what both kinds have in common, as far as we need it.
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: Uint8Array): void;
  close(code?: number, reason?: string): void;
  terminate?(): void; // ws only
}

// RawSocket is the stream below a ws WebSocket. With it the transport corks, and knows when to go on.
export interface RawSocket {
  cork(): void;
  uncork(): void;
  on(event: "drain", listener: () => void): unknown;
}

// A page may close with 1000 and with codes of this range; both kinds of socket throw on others.
const firstOwnCode = 3000;
const lastOwnCode = 4999;

// A message in Chromium costs as much as copying some hundred KiB.
const pageMessageBytes = 256 * 1024;

export class WebSocketTransport implements Transport {
  receiver: Receiver | null = null;
  readonly messageBytes?: number;
  readonly memory: "copied" | "sent";
  readonly #ws: WebSocketLike;
  readonly #raw: RawSocket | null;
  #closed = false;

  // The constructor listens at once: the first message can come before anybody awaited the open.
  constructor(ws: WebSocketLike, raw: RawSocket | null = null) {
    this.#ws = ws;
    this.#raw = raw;
    const isPage = ws.terminate === undefined;
    this.memory = isPage ? "copied" : "sent";
    if (isPage) this.messageBytes = pageMessageBytes;
    ws.binaryType = "arraybuffer";
    ws.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) this.receiver?.onMessage(new Uint8Array(data));
      else this.#textMessage();
    };
    ws.onclose = ({ code, reason }) => this.#ended(code, reason);
    ws.onerror = () => {}; // close follows and says it
    raw?.on("drain", () => this.receiver?.onDrain());
  }

  send(message: Uint8Array): void {
    if (!this.#closed) this.#ws.send(message);
  }

  bufferedBytes(): number {
    return this.#ws.bufferedAmount;
  }

  cork(): void {
    this.#raw?.cork();
  }

  uncork(): void {
    this.#raw?.uncork();
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    const allowed = code >= firstOwnCode && code <= lastOwnCode;
    this.#ws.close(allowed ? code : closeCode.goodbye, reason.slice(0, maxReasonChars));
  }

  terminate(): void {
    this.#closed = true;
    if (this.#ws.terminate) this.#ws.terminate();
    else this.#ws.close();
  }

  #textMessage(): void {
    const receiver = this.receiver;
    if (this.#ws.terminate) this.#ws.close(closeCode.text, "text message");
    else this.#ws.close();
    this.#closed = true;
    this.receiver = null;
    receiver?.onClose(closeCode.text, "text message");
  }

  #ended(code: number, reason: string): void {
    this.#closed = true;
    const receiver = this.receiver;
    this.receiver = null;
    receiver?.onClose(code, reason);
  }
}
