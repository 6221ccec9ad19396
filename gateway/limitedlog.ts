// limitedLog keeps strangers from filling a disk: of each kind of line only so many are written in a time, and the next that
// is written says how many were left out.

import { Allowance } from "../src/wire/allowance.js";
import type { Log } from "./log.js";

const burstLines = 200;
const linesPerSecond = 20;
// How long after the last line that was left out its number is told, if no other line does.
const tellAfterMs = 5_000;

type Level = "info" | "warn";

/** limitedLog is log, with so many lines of a kind and no more. Errors of our own and what is for debugging pass whole. */
export function limitedLog(log: Log): Log {
  const kinds = new Map<string, Kind>();
  const write = (level: Level) => (fields: object, message: string) => {
    const known = kinds.get(message);
    const kind = known ?? new Kind(log, level, message);
    if (known === undefined) kinds.set(message, kind);
    kind.write(fields);
  };
  return {
    debug: (fields, message) => log.debug(fields, message),
    error: (fields, message) => log.error(fields, message),
    info: write("info"),
    warn: write("warn"),
  };
}

// Kind is the lines of one message, which never varies: there are a few dozen.
class Kind {
  readonly #log: Log;
  readonly #level: Level;
  readonly #message: string;
  readonly #allowance = new Allowance(burstLines, linesPerSecond);
  #suppressed = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Log, level: Level, message: string) {
    this.#log = log;
    this.#level = level;
    this.#message = message;
  }

  write(fields: object): void {
    if (this.#allowance.take()) return this.#put(fields);
    this.#suppressed++;
    this.#timer ??= setTimeout(() => this.#put({}), tellAfterMs).unref();
  }

  #put(fields: object): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    this.#log[this.#level](suppressed === 0 ? fields : { ...fields, suppressed }, this.#message);
  }
}
