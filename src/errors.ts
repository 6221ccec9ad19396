// Package errors as far as package net needs it.

import { errorString, type GoError, same } from "./errorvalue.js";

export type { GoError } from "./errorvalue.js";

/** New returns an error with the given text. Each call makes a distinct error, even for the same text. */
export function New(text: string): GoError {
  return new errorString(text);
}

/**
 * Unwrap returns the error that err wraps, or null if it wraps none. An error that is not of this package has its
 * `cause` for that.
 */
export function Unwrap(err: unknown): unknown {
  if (typeof err !== "object" || err === null) {
    return null;
  }
  const { Unwrap: unwrap, cause } = err as { Unwrap?: unknown; cause?: unknown };
  return (typeof unwrap === "function" ? unwrap.call(err) : cause) ?? null;
}

/**
 * Is reports whether err, or any error it wraps, is target: the same object, an equal value, or one whose own Is
 * method says so.
 */
export function Is(err: unknown, target: unknown): boolean {
  if (target === null || target === undefined) {
    return err === null || err === undefined;
  }
  for (const e of chain(err)) {
    if (same(e, target)) {
      return true;
    }
    const { Is: is } = e as { Is?: unknown };
    if (typeof is === "function" && is.call(e, target) === true) {
      return true;
    }
  }
  return false;
}

/** As returns the first of err and the errors it wraps that is an instance of c, or null. */
export function As<T>(err: unknown, c: abstract new (...args: never[]) => T): T | null {
  for (const e of chain(err)) {
    if (e instanceof c) {
      return e;
    }
  }
  return null;
}

// A chain of causes made by somebody else may close in a circle; every error is visited once.
function* chain(err: unknown): Generator<object> {
  const seen = new Set<object>();
  let e = err;
  while (typeof e === "object" && e !== null && !seen.has(e)) {
    seen.add(e);
    yield e;
    e = Unwrap(e);
  }
}
