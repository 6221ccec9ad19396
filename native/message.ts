// What recvMsg leaves in memory besides the bytes of a message. Making an object in the addon for each datagram would
// take as long as receiving it; reading a few words here does not. The layout is that of Facts in src/message.cc.

import { addon, type SockAddr } from "./binding.js";

const factsBytes = 160;
const nameOffset = 32;
const words = new Int32Array(factsBytes / Int32Array.BYTES_PER_ELEMENT);
const memory = new Uint8Array(words.buffer);

const at = { n: 0, flags: 1, controlSize: 2, family: 4, port: 5, zone: 6, nameSize: 7 } as const;

// factsOf are the facts of the message that was received last.
export const factsOf = {
  memory,
  get n(): number {
    return words[at.n]!;
  },
  get flags(): number {
    return words[at.flags]!;
  },
};

// addressOf is who sent it; null if the kernel did not say, or only that it is a Unix socket without a name.
export function addressOf(): SockAddr | null {
  const size = words[at.nameSize]!;
  if (size === 0) return null;
  const name = memory.slice(nameOffset, nameOffset + size);
  switch (words[at.family]) {
    case 4:
      return [4, name, words[at.port]!];
    case 6: {
      const zone = words[at.zone]!;
      return [6, name, words[at.port]!, zone === 0 ? "" : addon().zone(zone >>> 0)];
    }
    default:
      return [1, name];
  }
}

// none is the memory of nothing.
export const none = new Uint8Array(0);

// Ancillary data longer than this is rare, and its room is not kept.
const keptBytes = 64 * 1024;

// No kernel gives so much of it.
const mostBytes = 2 ** 30;

let kept = none;

// room is where ancillary data of up to size bytes is received. It is the same for every message, so what came is taken
// out with controlOf.
export function room(size: number): Uint8Array {
  if (size === 0) return none;
  if (!(Number.isInteger(size) && size > 0 && size <= mostBytes)) {
    throw new RangeError(`gonet: oobLength must be a whole number from 0 to ${mostBytes}`);
  }
  if (size === kept.length) return kept;
  const fresh = new Uint8Array(size);
  if (size <= keptBytes) kept = fresh;
  return fresh;
}

// controlOf is the ancillary data of the message that was received last into that room.
export function controlOf(control: Uint8Array): Uint8Array {
  const size = words[at.controlSize]!;
  return size === 0 ? none : control.slice(0, size);
}
