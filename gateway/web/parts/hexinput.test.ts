import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HexError, parseHex } from "./hexinput.js";

describe("parseHex", () => {
  test.each([
    ["", []],
    ["  \n ", []],
    ["48 65 6c", [0x48, 0x65, 0x6c]],
    ["48656C", [0x48, 0x65, 0x6c]],
    ["0x48, 0x65,\n0X6c", [0x48, 0x65, 0x6c]],
    ["0x4865", [0x48, 0x65]],
    ["\\x48\\x65", [0x48, 0x65]],
    ["00:1b-44_11;3a", [0x00, 0x1b, 0x44, 0x11, 0x3a]],
    ["00", [0]],
  ])("%j", (text, bytes) => {
    expect([...parseHex(text)]).toEqual(bytes);
  });

  test.each([
    ["4", 0, "half a byte at position 1: each byte is two digits"],
    ["48 6", 3, "half a byte at position 4: each byte is two digits"],
    ["48 6 5", 3, "half a byte at position 4: each byte is two digits"],
    ["0x", 2, "half a byte at position 3: each byte is two digits"],
    ["48 g5", 3, '"g" at position 4 is not a hexadecimal digit'],
    ["4z", 1, '"z" at position 2 is not a hexadecimal digit'],
    ["4😀", 1, '"😀" at position 2 is not a hexadecimal digit'],
    ["GET", 0, '"G" at position 1 is not a hexadecimal digit'],
  ])("%j is refused", (text, at, message) => {
    const call = (): unknown => parseHex(text);
    expect(call).toThrow(HexError);
    expect(call).toThrow(expect.objectContaining({ at, message }));
  });

  test("what is written as hex is read back", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom("", " ", ", ", "\n"), (bytes, between) => {
        const text = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(between);
        expect(parseHex(text)).toEqual(bytes);
      }),
    );
  });
});
