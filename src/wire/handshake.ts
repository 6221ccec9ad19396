// The handshake of a link: HELLO, WELCOME and GOODBYE to and from their parts (docs/protocol.md, parts 4 and 9).

import { maxSessionAheadBytes } from "./credit.js";
import { maxReasonChars, WireError } from "./errors.js";
import { type ControlFrame, type Frame, frameType, protocolVersion } from "./frame.js";
import { type Limits, limitTable } from "./limits.js";
import { maxAheadBytes } from "./stream.js";

// resumeCap is said by both sides of a session that is to outlive its links.
export const resumeCap = "resume";

const firstCode = 1000; // of GOODBYE, as of a WebSocket
const lastCode = 4999;

type FrameOf<T extends Frame[0]> = Extract<Frame, readonly [T, ...unknown[]]>;

export type WelcomeFrame = FrameOf<typeof frameType.welcome>;

// Hello is what a client says on every link. sessionID and resumeKey are those of a session to take up, or null.
export interface Hello {
  readonly caps: readonly unknown[];
  readonly sessionID: string | null;
  readonly resumeKey: Uint8Array | null;
  readonly epoch: number;
  readonly received: number;
  readonly agent: string;
}

export function hello({ caps, sessionID, resumeKey, epoch, received, agent }: Hello): ControlFrame {
  return [frameType.hello, protocolVersion, caps, sessionID, resumeKey, epoch, received, agent];
}

export function parseHello(frame: FrameOf<typeof frameType.hello>): Hello {
  const [, , caps, sessionID, resumeKey, epoch, received, agent] = frame;
  return { caps, sessionID, resumeKey, epoch, received, agent };
}

// Welcome is the gateway's answer. resumeKey is null if the session cannot be resumed, or was resumed: it keeps its key.
export interface Welcome {
  readonly caps: readonly unknown[];
  readonly sessionID: string;
  readonly resumeKey: Uint8Array | null;
  readonly epoch: number;
  readonly received: number;
  readonly graceMs: number;
  readonly limits: Limits;
  readonly gatewayID: string;
}

export function welcome(w: Welcome): ControlFrame {
  const limits = Object.keys(limitTable).map((name) => [name, w.limits[name as keyof Limits]]);
  const { caps, sessionID, resumeKey, epoch, received, graceMs, gatewayID } = w;
  const head = [frameType.welcome, protocolVersion, caps, sessionID, resumeKey, epoch] as const;
  return [...head, received, graceMs, limits, gatewayID];
}

// parseWelcome takes WELCOME apart. Of its limits those that a client needs take the place of what is in own.
export function parseWelcome(frame: WelcomeFrame, own: Limits): Welcome {
  const [, , caps, sessionID, resumeKey, epoch, received, graceMs, pairs, gatewayID] = frame;
  return { caps, sessionID, resumeKey, epoch, received, graceMs, limits: limitsOf(pairs, own), gatewayID };
}

function limitsOf(pairs: readonly unknown[], own: Limits): Limits {
  const limits: { [name: string]: number } = { ...own };
  for (const pair of pairs) {
    if (!Array.isArray(pair)) throw new WireError("bad field");
    const [name, value] = pair as unknown[];
    if (name !== "streamWindow" && name !== "sessionWindow" && name !== "streams" && name !== "acceptAhead")
      continue;
    const max = name === "streamWindow" ? maxAheadBytes : maxSessionAheadBytes;
    if (!Number.isSafeInteger(value) || (value as number) < 1 || (value as number) > max) {
      throw new WireError("bad field");
    }
    limits[name] = value as number;
  }
  return limits as Limits;
}

export function parseGoodbye(frame: FrameOf<typeof frameType.goodbye>): { code: number; reason: string } {
  const [, code, reason] = frame;
  if (code < firstCode || code > lastCode) throw new WireError("bad field");
  return { code, reason: reason.slice(0, maxReasonChars) };
}
