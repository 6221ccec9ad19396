// N18: a page whose thread is blocked for half a minute. Whatever the moment, that is no reason to give its link up.

import { afterEach, expect, test, vi } from "vitest";
import { RawLine } from "../testing/rawpeer.js";
import { SimClock } from "../testing/simclock.js";
import { decode, frameType as T } from "./frame.js";
import { Session } from "./session.js";
import type { Receiver, Transport } from "./transport.js";

const blockedMs = 30_000;
const latencyMs = 400;
const betweenMs = 150; // the moments that are tried

afterEach(() => {
  vi.unstubAllGlobals();
});

// Far is a link to a gateway that answers, and asks by itself when it hears nothing for a while.
class Far implements Transport {
  receiver: Receiver | null = null;
  isBlocked = false; // what comes is read later
  readonly #clock: SimClock;
  readonly #held: Uint8Array[] = [];
  readonly #pingMs: number;
  #silence = 0;

  constructor(clock: SimClock, pingMs: number) {
    this.#clock = clock;
    this.#pingMs = pingMs;
    this.#listen();
  }

  send(message: Uint8Array): void {
    this.#listen();
    decode(message, (frame) => {
      if (frame[0] === T.hello) {
        this.#answer([T.welcome, 1, ["resume"], "g.1", new Uint8Array(32), 1, 0, 120_000, [], "g"]);
      }
      if (frame[0] === T.ping) this.#answer([T.pong, frame[1]]);
      return true;
    });
  }

  #listen(): void {
    this.#clock.cancel(this.#silence);
    this.#silence = this.#clock.after(this.#pingMs, () => {
      this.#answer([T.ping, 0]);
      this.#listen();
    });
  }

  #answer(frame: Parameters<typeof RawLine.bytes>[0]): void {
    this.#clock.after(latencyMs, () => this.#deliver(RawLine.bytes(frame)));
  }

  #deliver(message: Uint8Array): void {
    if (this.isBlocked) this.#held.push(message);
    else this.receiver?.onMessage(message);
  }

  // unblocked delivers what came meanwhile, behind the timers that are overdue: the worst order there is.
  unblocked(): void {
    this.isBlocked = false;
    for (const message of this.#held.splice(0)) this.receiver?.onMessage(message);
  }

  bufferedBytes(): null {
    return null;
  }

  cork(): void {}
  uncork(): void {}
  close(): void {}
  terminate(): void {}
}

test.each([
  ["asks by itself", 15_000],
  ["only answers", 86_400_000],
])(
  "N18: a client of a gateway that %s was blocked for 30 s, whenever that was, and keeps its link",
  (_, pingMs) => {
    for (let beganMs = 1000; beganMs < 50_000; beganMs += betweenMs) {
      const clock = new SimClock();
      clock.install();
      const events: string[] = [];
      const session = new Session({
        role: "client",
        resume: true,
        onDetached: (_, __, reason) => events.push(`detached: ${reason}`),
        onOver: (_, { message }) => events.push(message),
      });
      const far = new Far(clock, pingMs);
      session.attach(far);
      clock.run(() => false, beganMs);
      expect(session.state).toBe("attached");
      far.isBlocked = true;
      clock.now += blockedMs; // none of the client's timers ran
      clock.after(0, () => far.unblocked());
      clock.run(() => false, clock.now + 90_000);
      expect({ beganMs, events, state: session.state }).toEqual({ beganMs, events: [], state: "attached" });
      vi.unstubAllGlobals();
    }
  },
);
