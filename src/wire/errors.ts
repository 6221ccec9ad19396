// closeCode has the codes that end a link (docs/protocol.md, part 11).
export const closeCode = {
  goodbye: 1000,
  goingAway: 1001,
  text: 1003,
  broken: 1006, // never sent: what a WebSocket says that ended without a word
  limit: 1008,
  tooBig: 1009,
  protocol: 4400,
  token: 4401,
  forbidden: 4403,
  noSession: 4404,
  helloTimeout: 4408,
  superseded: 4409,
  wrongGateway: 4421,
  tooMuch: 4429,
  internal: 4500,
  draining: 4503,
} as const;

// maxReasonChars bounds the reason of GOODBYE: in UTF-8 it fits the 123 bytes of a WebSocket's close frame (RFC 6455, 5.5).
export const maxReasonChars = 40;

// idleReason is the reason of a goodbye to a session that nobody used: there is nothing wrong with it.
export const idleReason = "idle";

// FailureReason says in which way a peer broke the protocol; it is the whole text that the peer is told.
export type FailureReason =
  | "malformed"
  | "too large"
  | "unknown type"
  | "bad field"
  | "unexpected frame"
  | "bad id"
  | "unknown id"
  | "flow control"
  | "bad ack"
  | "version";

// WireError says that the peer broke the protocol. It ends the session with code 4400. It never
// carries bytes of the peer's.
export class WireError extends Error {
  readonly reason: FailureReason;
  constructor(reason: FailureReason) {
    super(`gonet: protocol error: ${reason}`);
    this.name = "WireError";
    this.reason = reason;
  }
}

// SessionError says why a session is over; pending operations of the session fail with it.
export class SessionError extends Error {
  readonly code: number;
  // isUnsent says that what failed with this error was never sent.
  isUnsent = false;
  readonly #reason: string;
  constructor(code: number, reason: string, cause?: unknown) {
    super(reason === "" ? `gonet: session ended (${code})` : `gonet: session ended: ${reason} (${code})`, {
      cause,
    });
    this.name = "SessionError";
    this.code = code;
    this.#reason = reason;
  }

  // isIdle says that nobody used the session: nothing is wrong.
  get isIdle(): boolean {
    return this.code === closeCode.goodbye && this.#reason === idleReason;
  }

  // beforeItLeft is the same error for what was never sent.
  beforeItLeft(): SessionError {
    return Object.assign(new SessionError(this.code, this.#reason, this.cause), { isUnsent: true });
  }
}

// Pieces is an error as it crosses the wire: what happened, never a sentence (docs/protocol.md, part 8).
export type Pieces = readonly [kind: string, ...fields: unknown[]];

// tooLarge stands for an answer or an error that does not fit a frame.
export const tooLarge: Pieces = ["errno", "", "EMSGSIZE"];

// PiecesError carries the pieces of an error that the other side reported.
export class PiecesError extends Error {
  readonly pieces: Pieces;
  constructor(pieces: Pieces) {
    super(`gonet: ${pieces.join(" ")}`);
    this.name = "PiecesError";
    this.pieces = pieces;
  }
}

// RefusedError is the answer REFUSED to an OPEN: the pieces and the addresses that were tried.
export class RefusedError extends PiecesError {
  readonly source: unknown;
  readonly addr: unknown;
  constructor(pieces: Pieces, source: unknown, addr: unknown) {
    super(pieces);
    this.name = "RefusedError";
    this.source = source;
    this.addr = addr;
  }
}

// ClosedError says that this side closed the stream. n is the number of bytes that a write had passed on.
export class ClosedError extends Error {
  n = 0;
  constructor() {
    super("gonet: stream closed");
    this.name = "ClosedError";
  }
}

// DeadlineError says that the deadline of a read or write passed. n is as in ClosedError.
export class DeadlineError extends Error {
  n = 0;
  constructor() {
    super("gonet: deadline passed");
    this.name = "DeadlineError";
  }
}
