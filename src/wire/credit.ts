// Credit is a session's own credit in both directions, over all its streams (docs/protocol.md, part 6), and the list of
// who has some to give back: streams, and the session itself.

import { WireError } from "./errors.js";
import { type ControlFrame, frameType } from "./frame.js";
import type { Limits } from "./limits.js";
import { maxAheadBytes, type Stream } from "./stream.js";

// maxSessionAheadBytes is how far the session's credit may run ahead of what was sent.
export const maxSessionAheadBytes = 64 * 1024 * 1024;

const widestWindow = 4; // times the usual one: 1 MiB
const duePart = 1 / 8; // of the session's window: what is free and not granted yet helps nobody
const widenedPart = 1 / 4; // of the session's window, all streams together

export class Credit {
  #limits: Limits;
  readonly #changed: () => void;
  readonly #owing = new Set<Stream>();
  #owesSession = false;
  #sent = 0;
  #allowed: number; // the offset up to which the peer lets us send
  #received = 0;
  #consumed = 0;
  #granted: number;
  #packetBytes = 0; // of DGRAM, which wait and are not part of the session's credit
  #widened = 0; // what streams' windows are wider than usual, together

  // changed is called when there is credit to give, or when the peer gave some.
  constructor(limits: Limits, changed: () => void) {
    this.#limits = limits;
    this.#changed = changed;
    this.#allowed = limits.sessionWindow;
    this.#granted = limits.sessionWindow;
  }

  // use sets the windows anew, before anything was sent or received.
  use(limits: Limits): void {
    this.#limits = limits;
    this.#allowed = limits.sessionWindow;
    this.#granted = limits.sessionWindow;
  }

  // ---- sending ----

  // room is how many bytes the peer lets us send on all streams together.
  get room(): number {
    return this.#allowed - this.#sent;
  }

  // spent counts n bytes of payload as sent.
  spent(n: number): void {
    this.#sent += n;
  }

  // allow takes the peer's CREDIT for the session.
  allow(offset: number): void {
    if (offset > this.#sent + maxSessionAheadBytes) throw new WireError("flow control");
    if (offset <= this.#allowed) return;
    this.#allowed = offset;
    this.#changed();
  }

  // ---- receiving ----

  // received is the number of bytes of payload that came.
  get received(): number {
    return this.#received;
  }

  // exhausted says that the peer may not begin another packet.
  get exhausted(): boolean {
    return this.#received >= this.#granted;
  }

  // arrived counts n bytes that came. A packet may be longer than the credit with which it began; DATA may not.
  arrived(n: number, isPacket: boolean): void {
    if (isPacket && this.exhausted) throw new WireError("flow control");
    this.#received += n;
    if (!isPacket && this.#received > this.#granted) throw new WireError("flow control");
  }

  // consumed counts n bytes of any stream as taken.
  consumed(n: number): void {
    this.#consumed += n;
    const window = this.#limits.sessionWindow;
    if (this.#consumed + window - this.#granted >= window * duePart) {
      this.#owesSession = true;
      this.#changed();
    }
  }

  // keepPacket counts a packet of DGRAM that waits to be taken, if there is room for it: all of them together may take
  // another sessionWindow.
  keepPacket(bytes: number): boolean {
    if (this.#packetBytes + bytes > this.#limits.sessionWindow) return false;
    this.#packetBytes += bytes;
    return true;
  }

  freePackets(bytes: number): void {
    this.#packetBytes -= bytes;
  }

  // owe notes that stream has credit to give.
  owe(stream: Stream): void {
    this.#owing.add(stream);
    this.#changed();
  }

  // forget drops what stream owed.
  forget(stream: Stream): void {
    this.#owing.delete(stream);
  }

  // isDue says that there is credit to give.
  get isDue(): boolean {
    return this.#owesSession || this.#owing.size > 0;
  }

  // take gives the CREDIT frames that are due; with them the credit counts as given.
  take(): ControlFrame[] {
    const frames: ControlFrame[] = [];
    if (this.#owesSession) {
      this.#owesSession = false;
      this.#granted = this.#consumed + this.#limits.sessionWindow;
      frames.push([frameType.credit, 0, this.#granted]);
    }
    for (const stream of this.#owing) {
      const offset = stream.creditToGive();
      if (offset !== null) frames.push([frameType.credit, stream.id, offset]);
    }
    this.#owing.clear();
    return frames;
  }

  // clear drops everything: the session is over.
  clear(): void {
    this.#owing.clear();
  }

  // ---- windows ----

  // widen gives a stream with this window some more, or nothing: what all windows together are widened by is at most a
  // quarter of the session's window, so that many wide ones whose readers stop leave room for the others.
  widen(window: number): number {
    const { streamWindow, sessionWindow } = this.#limits;
    const widest = Math.min(streamWindow * widestWindow, maxAheadBytes);
    const left = Math.floor(sessionWindow * widenedPart) - this.#widened;
    const more = Math.max(0, Math.min(window, widest - window, left));
    this.#widened += more;
    return more;
  }

  // narrowed takes back what a window was widened by, and gives the usual one; or least, if that is more: what the peer may
  // send already cannot be taken back.
  narrowed(window: number, least: number): number {
    const narrow = Math.min(window, Math.max(this.#limits.streamWindow, least));
    this.#widened -= window - narrow;
    return narrow;
  }
}
