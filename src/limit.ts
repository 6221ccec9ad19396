// What ends a wait besides a deadline: an AbortSignal, in the place of Go's context.

import { Err } from "./context.js";
import { mapErr } from "./net.js";
import { ErrDeadlineExceeded } from "./os.js";
import type { Limit } from "./wire/stream.js";

/** withSignal is limit, or signal's abort, whichever comes first. */
export function withSignal(limit: Limit, signal: AbortSignal | undefined): Limit {
  if (signal === undefined) {
    return limit;
  }
  return {
    get expired() {
      return signal.aborted || limit.expired;
    },
    subscribe(fn) {
      signal.addEventListener("abort", fn, { once: true });
      const unsubscribe = limit.subscribe(fn);
      return () => {
        signal.removeEventListener("abort", fn);
        unsubscribe();
      };
    },
  };
}

/** limitError is the error of a wait that ended by its limit: by the signal if it is aborted, else by the deadline. */
export function limitError(signal: AbortSignal | undefined): Error {
  const err = signal === undefined ? null : Err(signal);
  return err === null ? ErrDeadlineExceeded : mapErr(err);
}
