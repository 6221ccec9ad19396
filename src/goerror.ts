// What Go says when the wire, or the gateway behind it, fails.

import { fromPieces, sessionLost, syscallError } from "./pieces.js";
import { PiecesError, type SessionError } from "./wire/errors.js";

/**
 * goError is an error of the wire as Go has it. call is the name of the system call that would have failed.
 * Errors that are Go's already stay as they are.
 */
export function goError(err: unknown, call: string): Error {
  if (err instanceof PiecesError) {
    return fromPieces(err.pieces, call);
  }
  if (isSessionError(err)) {
    // What never left was not begun: for the caller there was no network.
    return lostError(err, call, err.isUnsent ? "ENETDOWN" : "ECONNRESET");
  }
  return err as Error;
}

/** lostError is code of call, with the reason for which the session ended. */
export function lostError(err: SessionError, call: string, code: string): Error {
  return syscallError(call, code, { code: sessionLost, reason: err.message });
}

/** isSessionError says whether err is that the session ended. */
export function isSessionError(err: unknown): err is SessionError {
  return err instanceof Error && err.name === "SessionError";
}
