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
}

export class SimLink {
  readonly client: SimEnd;
  readonly gateway: SimEnd;
  isCut = false;

  constructor(clock: SimClock, options: SimLinkOptions) {
    this.client = new SimEnd(clock, this, options);
    this.gateway = new SimEnd(clock, this, options);
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

  constructor(clock: SimClock, link: SimLink, options: SimLinkOptions) {
    this.#clock = clock;
    this.#link = link;
    this.#options = options;
  }

  send(message: Uint8Array): void {
    if (this.#isOver || this.#link.isCut) return; // into the void
    this.#bytes += message.length;
    const entry = { message, timer: 0, deliver: () => this.#deliver(entry) };
    entry.timer = this.#clock.after(this.#options.latencyMs, entry.deliver);
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
