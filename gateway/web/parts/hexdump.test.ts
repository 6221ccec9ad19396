import { describe, expect, test } from "vitest";
import { hexDump, hexRows } from "./hexdump.js";

const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s);

describe("hexDump", () => {
  // The rows are those of hexdump -C.
  test.each([
    ["nothing", utf8(""), 0, ""],
    [
      "one row that is not full",
      utf8("GET / HTTP\r\n"),
      0,
      "00000000  47 45 54 20 2f 20 48 54  54 50 0d 0a              |GET / HTTP..|",
    ],
    [
      "rows from an offset",
      utf8("0123456789abcdefXYZ"),
      0x1f0,
      "000001f0  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n" +
        "00000200  58 59 5a                                          |XYZ|",
    ],
    [
      "bytes that are not printed",
      Uint8Array.of(0x00, 0x1f, 0x20, 0x7e, 0x7f, 0x80, 0xff),
      0,
      "00000000  00 1f 20 7e 7f 80 ff                              |.. ~...|",
    ],
    ["an offset of more digits", utf8("a"), 2 ** 36, `1000000000  61${" ".repeat(48)}|a|`],
  ])("%s", (_, bytes, offset, out) => {
    expect(hexDump(bytes, offset)).toBe(out);
  });

  test("hexRows is the number of its lines", () => {
    for (const length of [0, 1, 15, 16, 17, 4096]) {
      const lines = hexDump(new Uint8Array(length))
        .split("\n")
        .filter((line) => line !== "");
      expect(hexRows(length)).toBe(lines.length);
    }
  });
});
