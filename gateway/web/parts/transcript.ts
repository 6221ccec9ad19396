// What was said on a connection: a ring of bounded size, with the counts of all there ever was.

import { incompleteTail } from "./visible.js";

/** Direction is that of data, seen from here. */
export type Direction = "in" | "out";

/** Tone says what kind of note it is. */
export type Tone = "info" | "end" | "error";

/** Data is bytes that came or went at one time. */
export interface Data {
  readonly kind: Direction;
  readonly id: number;
  /** at is when the first of them did, in milliseconds since 1970. */
  readonly at: number;
  /** offset is how many bytes went before it in its direction, on its connection. */
  readonly offset: number;
  /** before is what the bytes before it left of a character that was not complete. */
  readonly before: Uint8Array;
  /** bytes is what there is now. */
  readonly bytes: Uint8Array;
  /** peer is who sent a datagram or gets it; empty for bytes of a connection. */
  readonly peer: string;
  /** isContinued says that further bytes of the direction follow in a later record. */
  readonly isContinued: boolean;
  /** version grows with every change of the record. */
  readonly version: number;
}

/** Note is a line that says what happened. */
export interface Note {
  readonly kind: "note";
  readonly id: number;
  readonly at: number;
  readonly tone: Tone;
  readonly text: string;
  /** detail says more; it may be empty. */
  readonly detail: string;
  readonly version: 0;
}

/** Entry is one record of a transcript. */
export type Entry = Data | Note;

/** TranscriptLimits bound what a transcript keeps. */
export interface TranscriptLimits {
  /** maxBytes of data, in both directions together. */
  readonly maxBytes: number;
  /** maxEntries is for data that comes in single bytes, each of which costs an entry. */
  readonly maxEntries: number;
  /** pieceBytes is the largest entry: what is dropped or drawn at a time. */
  readonly pieceBytes: number;
  /** mergeMs is how long an entry takes what comes after it: what a person sees as one. */
  readonly mergeMs: number;
}

/** defaultLimits are for a console; 4 MiB is more than anybody reads. */
export const defaultLimits: TranscriptLimits = {
  maxBytes: 4 * 1024 * 1024,
  maxEntries: 5000,
  pieceBytes: 16 * 1024,
  mergeMs: 100,
};

// A longest character has four bytes; more than three can't be waiting.
const maxTail = 3;

const nothing = new Uint8Array(0);

interface Growing extends Data {
  bytes: Uint8Array;
  // room is the memory that bytes is the used part of.
  room: Uint8Array;
  isContinued: boolean;
  version: number;
}

/** Transcript is the record of one console. */
export class Transcript {
  readonly limits: TranscriptLimits;
  /** onChange is called after every change. */
  onChange: () => void = () => {};

  #entries: (Growing | Note)[] = [];
  #keptBytes = 0;
  #allBytes = 0;
  #lastId = 0;
  readonly #last: Record<Direction, Growing | null> = { in: null, out: null };

  constructor(limits: Partial<TranscriptLimits> = {}) {
    this.limits = { ...defaultLimits, ...limits };
  }

  /** entries are those kept, the oldest first. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** droppedBytes is how many bytes since the last clear are not kept any more. */
  get droppedBytes(): number {
    return this.#allBytes - this.#keptBytes;
  }

  /** allBytes is how many there were since the last clear. */
  get allBytes(): number {
    return this.#allBytes;
  }

  /** append copies bytes to the end. */
  append(kind: Direction, bytes: Uint8Array, at: number): void {
    let rest = this.#extend(kind, bytes, at);
    while (rest.length > 0) {
      const piece = rest.slice(0, this.limits.pieceBytes);
      rest = rest.subarray(piece.length);
      this.#push(kind, piece, at);
    }
    this.#allBytes += bytes.length;
    this.#trim();
    this.onChange();
  }

  /** datagram copies bytes that came or went as one to the end, also if there are none. */
  datagram(kind: Direction, bytes: Uint8Array, at: number, peer: string): void {
    this.#last[kind] = null; // none goes on where another ended
    this.#push(kind, bytes.slice(), at, peer);
    this.#last[kind] = null;
    this.#allBytes += bytes.length;
    this.#trim();
    this.onChange();
  }

  /** note adds a line. */
  note(tone: Tone, text: string, at: number, detail = ""): void {
    this.#lastId++;
    this.#entries.push({ kind: "note", id: this.#lastId, at, tone, text, detail, version: 0 });
    this.#trim();
    this.onChange();
  }

  /** restart begins a new connection: offsets count from 0 again. */
  restart(): void {
    this.#last.in = null;
    this.#last.out = null;
  }

  /** clear forgets all entries. A connection that goes on keeps its offsets. */
  clear(): void {
    this.#entries = [];
    this.#keptBytes = 0;
    this.#allBytes = 0;
    this.onChange();
  }

  // What comes in soon after the last entry belongs to it; what was sent is an entry for each time.
  #extend(kind: Direction, bytes: Uint8Array, at: number): Uint8Array {
    const last = this.#entries.at(-1);
    const { pieceBytes, mergeMs } = this.limits;
    if (kind === "out" || last?.kind !== "in" || last !== this.#last.in || at - last.at >= mergeMs) {
      return bytes;
    }
    const taken = bytes.subarray(0, pieceBytes - last.bytes.length);
    const length = last.bytes.length + taken.length;
    if (last.room.length < length) {
      const larger = new Uint8Array(Math.min(pieceBytes, Math.max(length, 2 * last.room.length)));
      larger.set(last.bytes);
      last.room = larger;
    }
    last.room.set(taken, last.bytes.length);
    last.bytes = last.room.subarray(0, length);
    last.version++;
    this.#keptBytes += taken.length;
    return bytes.subarray(taken.length);
  }

  #push(kind: Direction, piece: Uint8Array, at: number, peer = ""): void {
    const last = this.#last[kind];
    if (last !== null) {
      last.isContinued = true;
      last.version++;
    }
    this.#lastId++;
    const entry: Growing = {
      kind,
      id: this.#lastId,
      at,
      offset: last === null ? 0 : last.offset + last.bytes.length,
      before: last === null ? nothing : tailOf(last),
      bytes: piece,
      room: piece,
      peer,
      isContinued: false,
      version: 0,
    };
    this.#last[kind] = entry;
    this.#entries.push(entry);
    this.#keptBytes += piece.length;
  }

  #trim(): void {
    const { maxBytes, maxEntries } = this.limits;
    let drop = 0;
    while (this.#keptBytes > maxBytes || this.#entries.length - drop > maxEntries) {
      const entry = this.#entries[drop];
      if (entry === undefined) {
        break;
      }
      this.#keptBytes -= entry.kind === "note" ? 0 : entry.bytes.length;
      drop++;
    }
    if (drop > 0) {
      this.#entries.splice(0, drop);
    }
  }
}

function tailOf({ before, bytes }: Data): Uint8Array {
  const end = join(before, bytes.length > maxTail ? bytes.subarray(-maxTail) : bytes);
  return end.slice(end.length - incompleteTail(end));
}

/** join is the bytes of both. */
export function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) {
    return b;
  }
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
