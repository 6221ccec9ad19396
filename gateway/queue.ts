// Queue lets at most so many pieces of work run at once; the others wait for their turn, in order.

export class Queue {
  readonly #most: number;
  #running = 0;
  readonly #waiting = new Set<() => void>();

  constructor(most: number) {
    this.#most = most;
  }

  // run starts work when its turn has come, at once if it can. If signal is aborted before, work starts all the same
  // and has to look at the signal itself: so every piece of work ends in one way.
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#running >= this.#most) await this.#turn(signal);
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      for (const next of this.#waiting) {
        this.#waiting.delete(next);
        next();
        break;
      }
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        signal.removeEventListener("abort", go);
        this.#waiting.delete(go);
        resolve();
      };
      this.#waiting.add(go);
      signal.addEventListener("abort", go);
    });
  }
}
