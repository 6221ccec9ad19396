// Round-trip times counted up as ping(8) does it.

import { formatLatency } from "./format.js";

const percent = 100;

/** RoundTrips are the counts of a run. */
export class RoundTrips {
  /** sent is how many packets went out. */
  sent = 0;
  #received = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  // The mean so far and the sum of squared distances from it (Welford): exact also where times are large and near each other.
  #mean = 0;
  #squares = 0;

  /** received is how many were answered. */
  get received(): number {
    return this.#received;
  }

  /** min, avg, max and stddev are of the times of those that were answered; null before the first. */
  get min(): number | null {
    return this.#received === 0 ? null : this.#min;
  }

  get avg(): number | null {
    return this.#received === 0 ? null : this.#mean;
  }

  get max(): number | null {
    return this.#received === 0 ? null : this.#max;
  }

  get stddev(): number | null {
    return this.#received === 0 ? null : Math.sqrt(this.#squares / this.#received);
  }

  /** add counts an answer that took ms. */
  add(ms: number): void {
    this.#received++;
    this.#min = Math.min(this.#min, ms);
    this.#max = Math.max(this.#max, ms);
    const before = ms - this.#mean;
    this.#mean += before / this.#received;
    this.#squares += before * (ms - this.#mean);
  }

  /** lossText is how many of waitedFor, those whose time is over, were not answered: "20% packet loss". */
  lossText(waitedFor = this.sent): string {
    const lost = Math.max(0, waitedFor - this.#received);
    const share = waitedFor === 0 ? 0 : (percent * lost) / waitedFor;
    return `${Number(share.toPrecision(3))}% packet loss`;
  }

  /** text is the last two lines of ping(8). */
  text(): string {
    const counts = `${this.sent} packets transmitted, ${this.#received} received, ${this.lossText()}`;
    const { min, avg, max, stddev } = this;
    if (min === null || avg === null || max === null || stddev === null) {
      return counts;
    }
    const times = [min, avg, max, stddev].map((ms) => formatLatency(ms).replace(" ms", ""));
    return `${counts}\nround-trip min/avg/max/stddev = ${times.join("/")} ms`;
  }
}
