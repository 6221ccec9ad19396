// Heartbeat finds out that a link is dead: after a time of silence it asks for a sign of life, and when the
// rest of the time passes in silence too, it gives up. Time counts only while the program runs: a process that
// was stopped, a page that was busy, or a laptop that slept, asks first when it goes on, for what came meanwhile is not
// read yet.

export interface HeartbeatOptions {
  // askMs is the silence after which ask is called, deadMs the silence after which dead is called, once.
  readonly askMs: number;
  readonly deadMs: number;
  // wakeMs is the time for an answer after the program was asleep; without it, the usual one.
  readonly wakeMs?: number;
  ask(): void;
  dead(): void;
}

const lateMs = 2_000; // a timer this late means that the program did not run
const asleepMs = 10_000; // and this late, that the machine slept and may be elsewhere now

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #timer: number | undefined;
  #dueAt = 0; // when #timer should fire, ms of performance.now
  #lastHeard = 0;
  #asked = false;
  #excused = false; // once in a silence, time in which the program did not run does not count
  #restMs = 0; // from the last question to the end

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    this.stop();
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
    this.#excused = false;
  }

  // probe asks now, and gives up if nothing is heard within ms.
  probe(ms: number): void {
    if (this.#timer === undefined) return;
    this.stop();
    this.#asked = true;
    this.#restMs = 0;
    this.#wait(ms);
    this.#options.ask();
  }

  #again(): void {
    const { askMs } = this.#options;
    const silentMs = performance.now() - this.#lastHeard;
    this.#wait(silentMs < askMs ? askMs - silentMs : askMs);
  }

  #wait(ms: number): void {
    this.#dueAt = performance.now() + ms;
    this.#timer = setTimeout(() => this.#look(), Math.ceil(ms));
  }

  #look(): void {
    const { askMs, deadMs, wakeMs, ask, dead } = this.#options;
    this.#timer = undefined;
    const late = performance.now() - this.#dueAt;
    if (!this.#asked) {
      if (performance.now() - this.#lastHeard < askMs) return this.#again();
      this.#asked = true;
      this.#restMs = deadMs - askMs;
    } else if (late > lateMs && !this.#excused) {
      this.#excused = true;
      this.#restMs = deadMs - askMs;
    }
    if (late > asleepMs && wakeMs !== undefined) this.#restMs = Math.min(this.#restMs, wakeMs);
    if (this.#restMs <= 0) return dead();
    const step = Math.min(askMs, this.#restMs);
    this.#restMs -= step;
    this.#wait(step);
    ask();
  }
}
