// The longest delay a timer takes: browsers and Node keep it in a signed 32-bit number, and fire at once beyond it.
const maxTimerMs = 2 ** 31 - 1;

// A timer may come a little before its time; the rest is waited for in steps of at least this much.
const minTimerMs = 1;

/**
 * Deadline is an absolute point in time that can be moved while someone waits for it.
 *
 * The wall-clock time given to {@link set} is turned into a time of the monotonic clock at once, so that a later step of
 * the wall clock changes nothing. A timer runs only while there are subscribers: a deadline that nobody waits for
 * keeps no process alive.
 */
export class Deadline {
  // The time of the monotonic clock, in milliseconds; null while there is none.
  #at: number | null = null;
  #timer: number | undefined;
  readonly #waiting = new Set<() => void>();

  /**
   * set moves the deadline to t: a Date, or milliseconds since 1970; null takes it away.
   *
   * If t is now or in the past, everybody who waits is told before set returns. If t is in the future, a deadline
   * that had passed counts again from then on. Infinity never comes. An invalid Date or NaN is a RangeError, and
   * leaves the deadline as it was.
   */
  set(t: Date | number | null): void {
    const epochMs = t === null ? null : Number(t);
    if (epochMs !== null && Number.isNaN(epochMs)) {
      throw new RangeError("deadline is not a valid time");
    }
    this.#at = epochMs === null ? null : performance.now() + (epochMs - Date.now());
    this.#stop();
    this.#check();
  }

  /** expired reports whether the deadline has passed. */
  get expired(): boolean {
    return this.#at !== null && performance.now() >= this.#at;
  }

  /**
   * subscribe has fn called once, when the deadline passes, and returns the function that takes the subscription back.
   *
   * fn is called from a timer, or from inside {@link set} when the deadline is moved into the past; if it has passed
   * already, then in a microtask, whatever happens to the deadline until then. fn must not throw.
   */
  subscribe(fn: () => void): () => void {
    // Wrapped, so that the same function given twice makes two subscriptions.
    let live = true;
    const entry = (): void => {
      if (live) {
        live = false;
        fn();
      }
    };
    if (this.expired) {
      queueMicrotask(entry);
    } else {
      this.#waiting.add(entry);
      this.#arm();
    }
    return () => {
      live = false;
      if (this.#waiting.delete(entry) && this.#waiting.size === 0) {
        this.#stop();
      }
    };
  }

  #check(): void {
    if (!this.expired) {
      this.#arm();
      return;
    }
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const entry of waiting) {
      entry();
    }
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#at === null || this.#at === Infinity || this.#waiting.size === 0) {
      return;
    }
    const rest = Math.ceil(this.#at - performance.now());
    const delay = Math.min(Math.max(rest, minTimerMs), maxTimerMs);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#check();
    }, delay);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
