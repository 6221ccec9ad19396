// Writes msgpack, also what is not legal on the wire: all 14 kinds of values, and lengths that lie.

import type { Random } from "../wirerandom.js";

/** Raw stands for itself in a value that is packed. */
export class Raw {
  readonly bytes: readonly number[];
  constructor(bytes: readonly number[]) {
    this.bytes = bytes;
  }
}

const scratch = new DataView(new ArrayBuffer(8));

function number(out: number[], v: number): void {
  if (Number.isInteger(v) && v >= 0 && v <= 0x7f) out.push(v);
  else if (Number.isInteger(v) && v < 0 && v >= -32) out.push(v & 0xff);
  else if (Number.isInteger(v) && v >= 0 && v <= 0xffff_ffff) out.push(0xce, ...u32(v));
  else {
    scratch.setFloat64(0, v);
    out.push(0xcb);
    for (let i = 0; i < 8; i++) out.push(scratch.getUint8(i));
  }
}

function u32(v: number): number[] {
  return [v >>> 24, (v >>> 16) & 0xff, (v >>> 8) & 0xff, v & 0xff];
}

function write(out: number[], v: unknown): void {
  if (v instanceof Raw) for (const b of v.bytes) out.push(b);
  else if (v === null || v === undefined) out.push(0xc0);
  else if (typeof v === "boolean") out.push(v ? 0xc3 : 0xc2);
  else if (typeof v === "number") number(out, v);
  else if (typeof v === "string" || v instanceof Uint8Array) {
    const b = typeof v === "string" ? Buffer.from(v) : v;
    out.push(typeof v === "string" ? 0xdb : 0xc6, ...u32(b.length));
    for (const byte of b) out.push(byte);
  } else if (Array.isArray(v)) {
    if (v.length < 16) out.push(0x90 + v.length);
    else out.push(0xdd, ...u32(v.length));
    for (const item of v) write(out, item);
  } else throw new TypeError(`no msgpack for ${typeof v}`);
}

/** pack writes v. */
export function pack(v: unknown): Uint8Array {
  const out: number[] = [];
  write(out, v);
  return Uint8Array.from(out);
}

const letters = ["", "a", "tcp", "__proto__", "constructor", "\0", "x".repeat(40), "\ufeff", "\u{1f600}"];
const edges = [0, 1, 2, 3, 63, 64, 65, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53];
const extensions = [0x42, 0x62, 0x65, 0x69, 0x70, 0x72, 0x73, 0x74, 0x78, 0xff, 0x00];

function bytes(random: Random, n: number): number[] {
  return Array.from({ length: n }, () => random.uint32() & 0xff);
}

/** kinds are the 14 kinds of msgpack, each with a way to make one. */
export const kinds: readonly (readonly [name: string, make: (random: Random) => unknown])[] = [
  ["nil", () => null],
  ["bool", (r) => r.below(2) === 0],
  ["small integer", (r) => r.below(160) - 32],
  ["edge", (r) => r.pick(edges) * (r.below(4) === 0 ? -1 : 1)],
  ["uint 64", (r) => new Raw([0xcf, ...bytes(r, 8)])],
  ["int 64", (r) => new Raw([0xd3, ...bytes(r, 8)])],
  ["float 32", (r) => new Raw([0xca, ...bytes(r, 4)])],
  ["float 64", (r) => r.pick([0.5, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e300, 5e-324])],
  ["str", (r) => r.pick(letters)],
  ["bin", (r) => r.bytes(r.pick([0, 1, 4, 12, 16, 32]))],
  ["array", (r) => Array.from({ length: r.pick([0, 1, 2, 3, 4, 64, 65]) }, () => r.below(3))],
  ["map", (r) => new Raw([0x81, 0xa9, ...Buffer.from("__proto__"), 0x81, 0xa1, 0x61, r.below(128)])],
  ["ext", (r) => new Raw([0xc7, 4, r.pick(extensions), ...bytes(r, 4)])],
  ["no value", () => new Raw([0xc1])],
];
