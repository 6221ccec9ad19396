// Makes bad frames of good ones, and sequences of frames out of order.

import type { Frame } from "../../wire/frame.js";
import { frameBytes } from "../rawpeer.js";
import type { Random } from "../wirerandom.js";
import { kinds, pack } from "./pack.js";
import { plausible } from "./plausible.js";

const heads = Uint8Array.from(Buffer.from("90919293949c98dcddc4c5c6c7cacbcccecfd3d4d9dadbde81c0c1a5", "hex"));
const lengthHeads = new Set([0xc4, 0xc5, 0xc6, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xc7, 0xc8, 0xc9]);
const lies = [0, 1, 0x10, 0x40, 0x7f, 0x80, 0xff];
const maxRandomBytes = 64;

/** Pool has the good frames that bad ones are made of. */
export class Pool {
  readonly frames: readonly Frame[];
  readonly bytes: readonly Uint8Array[];

  constructor(frames: readonly Frame[]) {
    this.frames = frames;
    this.bytes = frames.map(frameBytes);
  }
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

type Change = (b: Uint8Array, random: Random, pool: Pool) => Uint8Array;

const changes: readonly Change[] = [
  // another byte
  (b, random) => {
    b[random.below(b.length)] = random.uint32();
    return b;
  },
  // another bit
  (b, random) => {
    const at = random.below(b.length);
    b[at] = (b[at] as number) ^ (1 << random.below(8));
    return b;
  },
  // another kind of value
  (b, random) => {
    b[random.below(b.length)] = heads[random.below(heads.length)] as number;
    return b;
  },
  // a length that lies
  (b, random) => {
    const start = random.below(b.length);
    for (let i = 0; i < b.length; i++) {
      const at = (start + i) % b.length;
      const head = b[at] as number;
      if (lengthHeads.has(head)) b[Math.min(at + 1 + random.below(4), b.length - 1)] = random.pick(lies);
      else if (head >= 0x90 && head <= 0xbf) b[at] = (head & 0xf0) | random.below(16);
      else continue;
      break;
    }
    return b;
  },
  // cut short
  (b, random) => b.subarray(0, random.below(b.length)),
  // something left out
  (b, random) => {
    const at = random.below(b.length);
    return join([b.subarray(0, at), b.subarray(Math.min(b.length, at + 1 + random.below(8)))]);
  },
  // something put in
  (b, random) => {
    const at = random.below(b.length);
    return join([b.subarray(0, at), random.bytes(1 + random.below(8)), b.subarray(at)]);
  },
  // the beginning of one frame, the end of another
  (b, random, pool) => {
    const other = random.pick(pool.bytes);
    return join([b.subarray(0, random.below(b.length)), other.subarray(random.below(other.length))]);
  },
  // something twice
  (b, random) => join([b, b.subarray(random.below(b.length))]),
];

/** changed is a frame's bytes after some changes; it may be empty. */
export function changed(bytes: Uint8Array, random: Random, pool: Pool): Uint8Array {
  let b = new Uint8Array(bytes) as Uint8Array;
  for (let i = 1 + random.below(3); i > 0 && b.length > 0; i--) b = random.pick(changes)(b, random, pool);
  return b;
}

// replaced is v with one value in it, at any depth, replaced by one of any kind.
function replaced(v: unknown, random: Random): unknown {
  if (Array.isArray(v) && v.length > 0 && random.below(4) > 0) {
    const at = random.below(v.length);
    return v.map((item, i) => (i === at ? replaced(item, random) : item));
  }
  return random.pick(kinds)[1](random);
}

/** otherValue is a frame, packed, with one of its fields of another kind. */
export function otherValue(frame: Frame, random: Random): Uint8Array {
  const at = random.below(frame.length);
  return pack((frame as readonly unknown[]).map((v, i) => (i === at ? replaced(v, random) : v)));
}

/** plausibleBytes is a plausible frame in the form that its type has. */
export function plausibleBytes(random: Random): Uint8Array {
  const frame = plausible(random);
  return frame[2] instanceof Uint8Array ? frameBytes(frame as unknown as Frame) : pack(frame);
}

/** badFrame is one frame, of any of the ways to make one. It may happen to be good. */
export function badFrame(random: Random, pool: Pool): Uint8Array {
  switch (random.below(8)) {
    case 0: {
      const b = random.bytes(1 + random.below(maxRandomBytes));
      if (random.below(2) === 0) b[0] = 0x92 + random.below(8);
      for (let i = random.below(4); i > 0; i--) b[random.below(b.length)] = random.pick([...heads]);
      return b;
    }
    case 1:
    case 2:
      return otherValue(random.pick(pool.frames), random);
    case 3:
      return plausibleBytes(random);
    case 4:
      return random.pick(pool.bytes);
    default:
      return changed(random.pick(pool.bytes), random, pool);
  }
}

/** shuffled is a sequence with some of its items in other places, left out or twice. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const all = [...items];
  for (let i = random.below(3); i > 0 && all.length > 1; i--) {
    const at = random.below(all.length);
    const to = random.below(all.length);
    switch (random.below(4)) {
      case 0:
        [all[at], all[to]] = [all[to] as T, all[at] as T];
        break;
      case 1:
        all.splice(to, 0, all[at] as T);
        break;
      case 2:
        all.splice(at, 1);
        break;
      default:
        all.splice(to, 0, ...all.splice(at, 1));
    }
  }
  return all;
}
