// SimLink is a link in a simulation: messages take a while, and it breaks in the ways in which links do. What was under
// way when it broke may be lost, or come late.

import type { Receiver, Transport } from "../wire/transport.js";
import type { SimClock } from "./simclock.js";

const brokenLink = 1006;

// Cut is a way in which a link breaks: both ends notice; only one does, and the other goes on believing in it; or
// nobody does, and nothing comes through any more.
export type Cut = "both" | "client" | "gateway" | "nobody";
export const cuts: readonly Cut[] = ["both", "client", "gateway", "nobody"];

export interface SimLinkOptions {
  readonly latencyMs: number;
  // lateMs: what was on its way when the link broke arrives so much later; null: it is lost.
  readonly lateMs: number | null;
  // isStubborn: what has reached an end is delivered there though it was told to terminate, as messages that a library has
  // already parsed are.
  readonly isStubborn: boolean;
  // cutAt cuts the link when so many bytes of what this end sends have arrived, as a WebSocket would frame them: what is
  // whole by then arrives, nothing else does.
  readonly cutAt?: { readonly end: "client" | "gateway"; readonly bytes: number };
}

// framedBytes is how long a message is in a WebSocket: its header, and the mask that a client adds (RFC 6455, 5.2).
function framedBytes(length: number, isClient: boolean): number {
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  return header + (isClient ? 4 : 0) + length;
}

export class SimLink {
  readonly client: SimEnd;
  readonly gateway: SimEnd;
  isCut = false;

  constructor(clock: SimClock, options: SimLinkOptions) {
    this.client = new SimEnd(clock, this, options, "client");
    this.gateway = new SimEnd(clock, this, options, "gateway");
    this.client.peer = this.gateway;
    this.gateway.peer = this.client;
  }

  // cut breaks the link.
  cut(how: Cut): void {
    if (this.isCut) return;
    this.isCut = true;
    this.client.broke();
    this.gateway.broke();
    if (how === "both" || how === "client") this.client.hear(brokenLink, "cut");
    if (how === "both" || how === "gateway") this.gateway.hear(brokenLink, "cut");
  }
}

export class SimEnd implements Transport {
  receiver: Receiver | null = null;
  peer: SimEnd | null = null;
  readonly #clock: SimClock;
  readonly #link: SimLink;
  readonly #options: SimLinkOptions;
  #underWay: { message: Uint8Array; timer: number; deliver: () => void }[] = [];
  #bytes = 0;
  #isOver = false;
  #isDeaf = false;
  readonly #name: "client" | "gateway";
  // sentBytes is how much this end has sent, as a WebSocket would frame it.
  sentBytes = 0;

  constructor(clock: SimClock, link: SimLink, options: SimLinkOptions, name: "client" | "gateway") {
    this.#name = name;
    this.#clock = clock;
    this.#link = link;
    this.#options = options;
  }

  send(message: Uint8Array): void {
    if (this.#isOver || this.#link.isCut) return; // into the void
    const { cutAt, latencyMs } = this.#options;
    const isWhole = cutAt?.end !== this.#name || this.sentBytes <= cutAt.bytes;
    this.sentBytes += framedBytes(message.length, this.#name === "client");
    if (cutAt?.end === this.#name && this.sentBytes > cutAt.bytes) {
      if (isWhole) this.#clock.after(latencyMs, () => this.#link.cut("both"));
      return;
    }
    this.#bytes += message.length;
    const entry = { message, timer: 0, deliver: () => this.#deliver(entry) };
    entry.timer = this.#clock.after(latencyMs, entry.deliver);
    this.#underWay.push(entry);
  }

  #deliver(entry: { message: Uint8Array }): void {
    this.#underWay.shift();
    this.#bytes -= entry.message.length;
    this.peer?.take(entry.message);
    if (!this.#isOver) this.receiver?.onDrain();
  }

  take(message: Uint8Array): void {
    if (!this.#isDeaf) this.receiver?.onMessage(message);
  }

  // broke has what is under way from this end lost, or late.
  broke(): void {
    const underWay = this.#underWay;
    this.#underWay = [];
    for (const entry of underWay) {
      this.#clock.cancel(entry.timer);
      if (this.#options.lateMs !== null) {
        entry.timer = this.#clock.after(this.#options.lateMs, entry.deliver);
        this.#underWay.push(entry);
      }
    }
  }

  bufferedBytes(): number {
    return this.#isOver ? 0 : this.#bytes;
  }

  cork(): void {}

  uncork(): void {}

  // hear tells this end that the link is over.
  hear(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.receiver?.onClose(code, reason);
  }

  close(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isDeaf = true;
    if (!this.#link.isCut) this.#clock.after(this.#options.latencyMs, () => this.peer?.hear(code, reason));
  }

  terminate(): void {
    if (!this.#options.isStubborn) this.#isDeaf = true;
    this.#isOver = true;
    this.#link.cut("nobody");
    this.#clock.after(this.#options.latencyMs, () => this.peer?.hear(brokenLink, "terminated"));
  }
}
