// Heartbeat finds out that a link is dead: after a time of silence it asks for a sign of life, and when the
// rest of the time passes in silence too, it gives up. Time counts only while the program runs: a process that
// was stopped, or a laptop that slept, asks first when it wakes.

export interface HeartbeatOptions {
  // askMs is the silence after which ask is called, deadMs the silence after which dead is called, once.
  readonly askMs: number;
  readonly deadMs: number;
  ask(): void;
  dead(): void;
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #timer: number | undefined;
  #lastHeard = 0; // ms of performance.now
  #asked = false;
  #restMs = 0; // from the last question to the end

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    this.heard();
    this.#again();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  // heard notes a sign of life.
  heard(): void {
    this.#lastHeard = performance.now();
    this.#asked = false;
  }

  #again(): void {
    const { askMs } = this.#options;
    const silentMs = performance.now() - this.#lastHeard;
    this.#wait(silentMs < askMs ? askMs - silentMs : askMs);
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#look(), Math.ceil(ms));
  }

  #look(): void {
    const { askMs, deadMs, ask, dead } = this.#options;
    if (!this.#asked) {
      if (performance.now() - this.#lastHeard < askMs) return this.#again();
      this.#asked = true;
      this.#restMs = deadMs - askMs;
    }
    if (this.#restMs <= 0) return dead();
    const step = Math.min(askMs, this.#restMs);
    this.#restMs -= step;
    this.#wait(step);
    ask();
  }
}
