/** Lock lets one holder in at a time, in the order in which they came. */
export class Lock {
  #held = false;
  readonly #waiting: (() => void)[] = [];

  /** acquire waits for the lock and resolves to the function that gives it up. */
  async acquire(): Promise<() => void> {
    if (this.#held) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#held = true;
    return () => {
      this.#held = false;
      this.#next();
    };
  }

  // The lock stays taken while it is handed on, so that nobody who comes between gets in first.
  #next(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#held = true;
      next();
    }
  }
}
