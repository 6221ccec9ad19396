import { describe, expect, test } from "vitest";
import { hex } from "../testing/wireframes.js";
import { Random, testSeed } from "../testing/wirerandom.js";
import { WireError } from "./errors.js";
import { maxDepth, maxItems, scan, uintAt } from "./scan.js";

function legal(b: Uint8Array): boolean {
  try {
    return scan(b, 0) === b.length;
  } catch (err) {
    if (err instanceof WireError) return false;
    throw err;
  }
}

test("the limits are those of the protocol", () => {
  expect(maxDepth).toBe(4);
  expect(maxItems).toBe(64);
});

describe("scan", () => {
  // What the first byte of a value allows, and how long the value then is (msgpack specification).
  const lengths: readonly (readonly [name: string, hex: string])[] = [
    ["positive fixint", "7f"],
    ["negative fixint", "e0"],
    ["nil", "c0"],
    ["false", "c2"],
    ["true", "c3"],
    ["fixarray", "92 00 01"],
    ["fixstr", "a3 616263"],
    ["bin 8", "c4 02 ffff"],
    ["bin 16", "c5 0002 ffff"],
    ["bin 32", "c6 00000002 ffff"],
    ["float 64", "cb 7ff8000000000000"],
    ["uint 8", "cc ff"],
    ["uint 16", "cd ffff"],
    ["uint 32", "ce ffffffff"],
    ["uint 64", "cf 001fffffffffffff"],
    ["int 8", "d0 80"],
    ["int 16", "d1 8000"],
    ["int 32", "d2 80000000"],
    ["int 64", "d3 ffe0000000000000"],
    ["str 8", "d9 03 616263"],
    ["str 16", "da 0003 616263"],
    ["str 32", "db 00000003 616263"],
    ["array 16", "dc 0002 0001"],
    ["array 32", "dd 00000002 0001"],
  ];
  test.each(lengths)("%s ends where it ends, and is refused when cut short", (_, text) => {
    const b = hex(text);
    expect(scan(b, 0)).toBe(b.length);
    expect(scan(hex(`c1c1${text}c1`), 2)).toBe(2 + b.length);
    for (let n = 0; n < b.length; n++) expect(legal(b.subarray(0, n)), `${n} bytes`).toBe(false);
  });

  test("heads outside the grammar are refused, whatever follows", () => {
    const heads = [0xc1, 0xca, 0xde, 0xdf, 0xc7, 0xc8, 0xc9, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8];
    for (let b = 0x80; b <= 0x8f; b++) heads.push(b);
    for (const head of heads) {
      const b = new Uint8Array(64);
      b[0] = head;
      expect(() => scan(b, 0), head.toString(16)).toThrow(WireError);
    }
  });

  test("every head is either in the table or refused", () => {
    const known = new Set(lengths.map(([, text]) => hex(text)[0] as number));
    for (let head = 0xc0; head <= 0xdf; head++) {
      const b = new Uint8Array(64);
      b[0] = head;
      let end: number | null = null;
      try {
        end = scan(b, 0);
      } catch (err) {
        expect(err).toBeInstanceOf(WireError);
      }
      expect(end !== null, head.toString(16)).toBe(known.has(head));
    }
  });

  test("integers that a number cannot hold are refused", () => {
    expect(legal(hex("cf0020000000000000"))).toBe(false);
    expect(legal(hex("cfffffffffffffffff"))).toBe(false);
    expect(legal(hex("d30020000000000000"))).toBe(false);
    expect(legal(hex("d3ffdfffffffffffff"))).toBe(false);
    expect(legal(hex("d3001fffffffffffff"))).toBe(true);
    expect(legal(hex("d3ffffffffffffffff"))).toBe(true);
  });

  test("text is UTF-8 exactly when a strict decoder says so", () => {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const random = new Random(testSeed("UTF-8"));
    const edges = hex("007f80bfc0c1c2dfe0a09fededefeef0908ff48ff5fdfeff");
    for (let i = 0; i < 200_000; i++) {
      const n = random.below(6);
      const b = new Uint8Array(1 + n);
      b[0] = 0xa0 + n;
      for (let at = 1; at <= n; at++)
        b[at] = random.below(3) === 0 ? random.uint32() : random.pick([...edges]);
      let want = true;
      try {
        decoder.decode(b.subarray(1));
      } catch {
        want = false;
      }
      if (legal(b) !== want)
        expect.unreachable(`${Buffer.from(b).toString("hex")} is ${want ? "legal" : "not legal"}`);
    }
  });

  test("every code point of one, two, three and four bytes is legal, and no surrogate is", () => {
    for (const point of [0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x1_0000, 0x10_ffff]) {
      const utf8 = Buffer.from(String.fromCodePoint(point));
      expect(legal(hex((0xa0 + utf8.length).toString(16) + utf8.toString("hex"))), point.toString(16)).toBe(
        true,
      );
    }
    expect(legal(hex("a3eda080"))).toBe(false);
    expect(legal(hex("a3edbfbf"))).toBe(false);
  });
});

test("uintAt reads big-endian and refuses to read past the end", () => {
  const b = hex("0102030405");
  expect(uintAt(b, 0, 1)).toBe(1);
  expect(uintAt(b, 1, 2)).toBe(0x0203);
  expect(uintAt(b, 1, 4)).toBe(0x02030405);
  expect(uintAt(hex("ffffffff"), 0, 4)).toBe(0xffff_ffff);
  expect(() => uintAt(b, 2, 4)).toThrow(WireError);
});
