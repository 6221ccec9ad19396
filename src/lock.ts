import { DeadlineError } from "./wire/errors.js";

/** Lock lets one holder in at a time, in the order in which they came. */
export class Lock {
  #held = false;
  readonly #waiting = new Set<() => void>();

  /**
   * acquire waits for the lock and resolves to the function that gives it up. If signal is aborted before, it fails with
   * DeadlineError.
   */
  async acquire(signal?: AbortSignal): Promise<() => void> {
    if (this.#held) {
      await this.#turn(signal);
    }
    this.#held = true;
    return () => this.#next();
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.delete(enter);
        reject(new DeadlineError());
      };
      if (signal?.aborted) {
        return leave();
      }
      this.#waiting.add(enter);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  // The lock stays taken while it is handed on, so that nobody who comes between gets in first.
  #next(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#held = false;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
