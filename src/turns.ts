// Turns lets a number of operations be under way at once. The others wait, each for as long as it may take itself.

import { type Scope, scope } from "./parallel.js";
import type { Ends } from "./sock.js";
import { Turnstile } from "./wire/turnstile.js";

export class Turns {
  readonly #turnstile: Turnstile;

  constructor(atOnce: number) {
    this.#turnstile = new Turnstile(atOnce);
  }

  /**
   * run does work when its turn comes, and gives what work gives. If ends comes first, work has its turn at once: it will
   * fail by itself, for want of time.
   */
  run<T>(ends: Ends, work: () => Promise<T>): Promise<T> {
    // Nothing is kept for one that waits but what has to be.
    return new Promise((resolve) => {
      const { deadline = null, signal } = ends;
      if (deadline !== null || signal !== undefined) {
        this.#limited(
          ends,
          () => resolve(work()),
          () => resolve(this.#turn(work)),
        );
      } else {
        this.#turnstile.enter(() => resolve(this.#turn(work)));
      }
    });
  }

  async #turn<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      this.#turnstile.leave();
    }
  }

  #limited(ends: Ends, late: () => void, turn: () => void): void {
    let limit: Scope | null = null;
    let isWaiting = true;
    const withdraw = this.#turnstile.enter(() => {
      isWaiting = false;
      limit?.end();
      turn();
    });
    if (!isWaiting) {
      return;
    }
    const waits = scope(ends);
    limit = waits;
    const giveUp = (): void => {
      waits.end();
      if (withdraw()) {
        late();
      }
    };
    if (waits.signal.aborted) {
      return giveUp();
    }
    waits.signal.addEventListener("abort", giveUp, { once: true });
  }
}
