// Package context as far as package net needs it: an AbortSignal takes the place of a Context.

import { sentinel } from "./errorvalue.js";

/** Canceled is what a context's end by cancelling is called. */
export const Canceled = sentinel("context.Canceled", "context canceled");

/** DeadlineExceeded is what a context's end by its deadline is called. It is a timeout. */
export const DeadlineExceeded = sentinel("context.DeadlineExceeded", "context deadline exceeded", {
  timeout: true,
});

/**
 * Err returns why the signal is aborted: DeadlineExceeded if it comes from AbortSignal.timeout, Canceled if it was
 * aborted in any other way, null if it is not aborted.
 */
export function Err(signal: AbortSignal): typeof Canceled | typeof DeadlineExceeded | null {
  if (!signal.aborted) {
    return null;
  }
  const reason: unknown = signal.reason;
  return reason instanceof Error && reason.name === "TimeoutError" ? DeadlineExceeded : Canceled;
}
