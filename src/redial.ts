// Redial finds new links for a session that has lost its own: at once, then with growing delays, until one holds or the
// gateway has given the session up.

import { closeCode } from "./wire/errors.js";
import type { Session } from "./wire/session.js";
import type { Transport } from "./wire/transport.js";

// How long to wait before each attempt; the last holds for all that follow. Each is varied by half, so that the clients
// of a gateway that comes back do not come all at once.
const delaysMs = [0, 500, 1_000, 2_000, 4_000, 8_000, 15_000];

// A link that held so long was a good one: after it the delays begin anew.
const settledMs = 60_000;

// An attempt that takes longer than this will not be answered; another one may.
const attemptMs = 10_000;

// A gateway may answer once that the session is elsewhere: on the way to a gateway among many something has changed. If it
// says so again, the one that had the session is gone.
const maxElsewhere = 2;

/** RedialOptions are what a Redial needs besides its session. */
export interface RedialOptions {
  /** open makes a transport. */
  readonly open: (signal: AbortSignal) => Promise<Transport>;
  /** refusal is the code with which a session ends after an attempt that failed with err, null if another may do. */
  readonly refusal: (err: unknown) => number | null;
  /** waitMs is how long the gateway asked to wait, with err, before the next attempt. */
  readonly waitMs?: (err: unknown) => number;
  /** delaysMs replaces the usual delays, and random Math.random. */
  readonly delaysMs?: readonly number[] | undefined;
  readonly random?: () => number;
}

/** Redial serves one session. The session's owner passes on what the session tells. */
export class Redial {
  readonly #session: Session;
  readonly #options: RedialOptions;
  #attempts = 0;
  #elsewhere = 0;
  #attachedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt: AbortController | null = null;

  constructor(session: Session, options: RedialOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** givesUpAt is when a detached session is lost, in ms of performance.now. */
  get givesUpAt(): number {
    return this.#session.detachedAt + this.#session.graceMs;
  }

  /** attached is called when the session has a link. */
  attached(): void {
    this.#attachedAt = performance.now();
    this.#elsewhere = 0;
    this.stop();
  }

  /** detached is called when the session has lost its link, or an attempt at another ended with code. */
  detached(code: number): void {
    if (this.#session.detachedAt - this.#attachedAt >= settledMs) {
      this.#attempts = 0;
      this.#attachedAt = this.#session.detachedAt;
    }
    if (code !== closeCode.wrongGateway) {
      return this.#schedule();
    }
    if (++this.#elsewhere >= maxElsewhere) {
      return this.#session.close(closeCode.noSession, "the gateway that had the session is gone");
    }
    this.stop();
    this.#try();
  }

  /** hurry makes the next attempt now: there are signs that it would succeed. */
  hurry(): void {
    if (this.#timer === undefined) {
      return;
    }
    clearTimeout(this.#timer);
    this.#try();
  }

  /** stop ends what is under way. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#attempt?.abort();
    this.#attempt = null;
  }

  // #schedule makes another attempt, after waitMs at least; whoever is told to wait comes back over half as much time again.
  #schedule(waitMs = 0): void {
    this.stop();
    const { delaysMs: delays = delaysMs, random = Math.random } = this.#options;
    const leftMs = this.givesUpAt - performance.now();
    if (leftMs <= 0) {
      return this.#session.close(closeCode.noSession, "no way back to the gateway in time");
    }
    const delay = delays[Math.min(this.#attempts, delays.length - 1)] ?? 0;
    this.#attempts++;
    const ms = Math.max(delay * (random() + 0.5), waitMs * (1 + random() / 2));
    this.#timer = setTimeout(() => this.#try(), Math.min(ms, leftMs));
  }

  #try(): void {
    this.#timer = undefined;
    const attempt = new AbortController();
    this.#attempt = attempt;
    const timer = setTimeout(() => attempt.abort(new Error("no answer in time")), attemptMs);
    this.#options
      .open(attempt.signal)
      .finally(() => clearTimeout(timer))
      .then(
        (transport) => {
          if (this.#attempt !== attempt || this.#session.state !== "detached") {
            return transport.terminate();
          }
          this.#session.attach(transport);
        },
        (err: unknown) => this.#failed(attempt, err),
      );
  }

  #failed(attempt: AbortController, err: unknown): void {
    if (this.#attempt !== attempt) {
      return;
    }
    const code = this.#options.refusal(err);
    if (code === null) {
      return this.#schedule(this.#options.waitMs?.(err));
    }
    this.stop();
    this.#session.close(code, err instanceof Error ? err.message.replace(/^gonet: /, "") : String(err));
  }
}

type Listen = (type: string, listener: () => void) => void;
interface Events {
  readonly addEventListener?: Listen;
  readonly removeEventListener?: Listen;
  readonly visibilityState?: string;
}

/**
 * onReturn calls fn when the platform says that the network is back, that the page is seen again, or that it goes on after
 * it was frozen or kept for the way back, and returns the function that ends it. In Node it does nothing.
 */
export function onReturn(fn: () => void): () => void {
  const { document } = globalThis as { document?: Events };
  const whenVisible = (): void => {
    if (document?.visibilityState === "visible") {
      fn();
    }
  };
  const listen = (what: "addEventListener" | "removeEventListener"): void => {
    (globalThis as Events)[what]?.("online", fn);
    (globalThis as Events)[what]?.("pageshow", fn);
    document?.[what]?.("visibilitychange", whenVisible);
    document?.[what]?.("resume", fn);
  };
  listen("addEventListener");
  return () => listen("removeEventListener");
}
