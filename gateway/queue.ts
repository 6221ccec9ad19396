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
    if (this.#running < this.#most) this.#running++;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  // The place is handed on, so that nobody who comes between takes it too.
  #next(): void {
    for (const next of this.#waiting) return next();
    this.#running--;
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        signal.removeEventListener("abort", giveUp);
        this.#waiting.delete(go);
        resolve();
      };
      const giveUp = () => {
        this.#running++; // it ends at once, and gives the place back
        go();
      };
      if (signal.aborted) return giveUp();
      this.#waiting.add(go);
      signal.addEventListener("abort", giveUp);
    });
  }
}
