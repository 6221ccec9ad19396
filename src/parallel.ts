// Dialling a list of addresses: one after the other, each with its part of the time, and the two families in parallel
// (RFC 8305). A name is dialled in this way by the gateway; this is for lists that it did not look up itself.

import { same } from "./errorvalue.js";
import { limitError } from "./limit.js";
import { type Addr, type Conn, errTimeout } from "./net.js";
import { ErrDeadlineExceeded } from "./os.js";
import type { Ends } from "./sock.js";

// An attempt gets at least this much, if there is as much left.
const leastAttemptMs = 2000;
const maxTimerMs = 2 ** 31 - 1;

/** Attempts is how to try one address, and what an address is worth that was not tried for want of time. */
export interface Attempts extends Ends {
  one(addr: Addr, ends: Ends): Promise<Conn>;
  late(addr: Addr, why: Error): Error;
}

/** Scope is a signal that is aborted with another one, or by its own end. */
export interface Scope {
  readonly signal: AbortSignal;
  /** abort aborts the signal now. */
  abort(): void;
  /** end lets go of the other signal and of the timer. */
  end(): void;
}

/** scope makes a Scope that ends with ends: with "TimeoutError" at the deadline, so that it counts as one. */
export function scope({ deadline, signal }: Ends): Scope {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal?.reason);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const arm = (end: number): void => {
    const rest = end - Date.now();
    if (rest <= 0) {
      return controller.abort(new DOMException("The deadline passed.", "TimeoutError"));
    }
    timer = setTimeout(() => arm(end), Math.min(rest, maxTimerMs));
  };
  if (signal?.aborted) {
    onAbort();
  } else {
    signal?.addEventListener("abort", onAbort);
    if (deadline !== null && deadline !== undefined && deadline !== Number.POSITIVE_INFINITY) {
      arm(deadline);
    }
  }
  return {
    signal: controller.signal,
    abort: () => controller.abort(),
    end() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    },
  };
}

/**
 * dialParallel dials primaries, and fallbacks too when those have failed or take longer than delayMs. What comes first is
 * the result, what comes second is closed; if both fail, the error is that of primaries.
 */
export async function dialParallel(
  primaries: readonly Addr[],
  fallbacks: readonly Addr[],
  delayMs: number,
  attempts: Attempts,
): Promise<Conn> {
  if (fallbacks.length === 0) {
    return dialSerial(primaries, attempts);
  }
  const losing = scope({ signal: attempts.signal });
  const racing = { ...attempts, signal: losing.signal };
  let won = false;
  const racer = async (addrs: readonly Addr[]): Promise<Conn> => {
    const c = await dialSerial(addrs, racing);
    if (won) {
      c.Close().catch(() => {}); // nobody wants to know
    }
    won = true;
    return c;
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const primary = racer(primaries);
  const delayed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, delayMs);
    primary.catch(resolve);
  });
  const fallback = delayed.then(() => (won ? primary : racer(fallbacks)));
  try {
    return await Promise.any([primary, fallback]);
  } catch {
    return await primary; // both failed: this throws its error
  } finally {
    clearTimeout(timer);
    losing.abort();
    losing.end();
  }
}

/** dialSerial dials one address after the other; if all fail, the first one's error is the error. */
export async function dialSerial(addrs: readonly Addr[], attempts: Attempts): Promise<Conn> {
  const { deadline = null, signal } = attempts;
  let first: unknown = null;
  for (const [i, addr] of addrs.entries()) {
    if (signal?.aborted || (deadline !== null && Date.now() >= deadline)) {
      const why = signal?.aborted ? limitError(signal) : errTimeout;
      throw attempts.late(addr, same(why, ErrDeadlineExceeded) ? errTimeout : why);
    }
    try {
      return await attempts.one(addr, { deadline: partOf(deadline, addrs.length - i), signal });
    } catch (err) {
      first ??= err;
    }
  }
  throw first;
}

// partOf shares the time that is left between the addresses that are left.
function partOf(deadline: number | null, addresses: number): number | null {
  if (deadline === null) {
    return null;
  }
  const now = Date.now();
  const left = deadline - now;
  return now + Math.max(left / addresses, Math.min(leastAttemptMs, left));
}
