import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { incompleteTail, type Part, visible, visibleText } from "./visible.js";

const bytes = (...b: number[]): Uint8Array => Uint8Array.from(b);
const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s);

/** shown writes marks in square brackets of their own, so that they can't be mistaken for text. */
const shown = (b: Uint8Array, isContinued = false): string =>
  visible(b, isContinued)
    .map(({ text, isMark }) => (isMark ? `⟦${text}⟧` : text))
    .join("");

const visibleTests: readonly (readonly [what: string, input: Uint8Array, out: string])[] = [
  ["nothing", bytes(), ""],
  ["plain text", utf8("GET / HTTP/1.0"), "GET / HTTP/1.0"],
  ["letters of other scripts", utf8("Grüße, 世界 👋"), "Grüße, 世界 👋"],
  ["a line ending of Unix", utf8("a\nb"), "a⟦\\n⟧\nb"],
  ["a line ending of the Internet", utf8("a\r\nb"), "a⟦\\r\\n⟧\nb"],
  ["a carriage return alone, which would overwrite", utf8("secret\rpublic"), "secret⟦\\r⟧public"],
  ["a tab", utf8("a\tb"), "a⟦\\t⟧\tb"],
  ["NUL and DEL", bytes(0x00, 0x7f), "⟦\\x00\\x7f⟧"],
  ["a colour of a terminal", utf8("\x1b[31mred"), "⟦\\x1b⟧[31mred"],
  ["a control character of C1", utf8("\u009b31m"), "⟦\\u009b⟧31m"],
  ["a turn of the direction", utf8("\u202egnp.exe"), "⟦\\u202e⟧gnp.exe"],
  ["an isolate", utf8("\u2066a\u2069"), "⟦\\u2066⟧a⟦\\u2069⟧"],
  ["nothing wide: zero width space and joiner", utf8("a\u200bb\u200dc"), "a⟦\\u200b⟧b⟦\\u200d⟧c"],
  ["a space that is none", utf8("a\u00a0b"), "a⟦\\u00a0⟧b"],
  ["a letter that is invisible", utf8("\u3164\u2800"), "⟦\\u3164\\u2800⟧"],
  ["a separator of lines", utf8("a\u2028b"), "a⟦\\u2028⟧b"],
  ["a tag, above 16 bits", utf8("\u{e0041}"), "⟦\\u{e0041}⟧"],
  ["the byte order mark", bytes(0xef, 0xbb, 0xbf, 0x61), "⟦\\ufeff⟧a"],
  ["the replacement character itself", utf8("\ufffd"), "\ufffd"],
  ["a byte that is never in UTF-8", bytes(0x61, 0xff, 0x62), "a⟦\\xff⟧b"],
  ["a tail without its beginning", bytes(0x80, 0xbf), "⟦\\x80\\xbf⟧"],
  ["an overlong slash", bytes(0xc0, 0xaf), "⟦\\xc0\\xaf⟧"],
  ["a surrogate", bytes(0xed, 0xa0, 0x80), "⟦\\xed\\xa0\\x80⟧"],
  ["above the last code point", bytes(0xf4, 0x90, 0x80, 0x80), "⟦\\xf4\\x90\\x80\\x80⟧"],
  ["a character that breaks off", bytes(0xe2, 0x82, 0x41), "⟦\\xe2\\x82⟧A"],
  ["a character that is not complete at the end", bytes(0x41, 0xe2, 0x82), "A⟦\\xe2\\x82⟧"],
  ["markup", utf8("<img src=x onerror=alert(1)>"), "<img src=x onerror=alert(1)>"],
];

describe("visible", () => {
  test.each(visibleTests)("%s", (_, input, out) => {
    expect(shown(input)).toBe(out);
  });

  test("what is not complete waits for the next bytes", () => {
    expect(shown(bytes(0x41, 0xe2, 0x82), true)).toBe("A");
    expect(shown(bytes(0xf0, 0x9f, 0x91), true)).toBe("");
    expect(shown(bytes(0xff, 0xe2), true)).toBe("⟦\\xff⟧");
  });

  test("no byte is lost or changed: the parts can be read back", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string({ unit: "binary" }).map(utf8),
          fc.string({ unit: "grapheme" }).map(utf8),
        ),
        (b) => {
          expect(readBack(visible(b))).toEqual([...b]);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

const letters: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  t: "\t",
  n: "\n",
  v: "\v",
  f: "\f",
  r: "\r",
};

function readBack(parts: readonly Part[]): number[] {
  return parts.flatMap(({ text, isMark }) => {
    if (!isMark) {
      // These follow their mark, for the layout.
      return [...utf8(text.replace(/[\n\t]/g, ""))];
    }
    return [...text.matchAll(/\\x(..)|\\u\{(.*?)\}|\\u(....)|\\(.)/g)].flatMap(
      ([, byte, long, short, letter]) => {
        if (byte !== undefined) {
          return [Number.parseInt(byte, 16)];
        }
        const code = long ?? short;
        const char =
          code === undefined ? letters[letter ?? ""] : String.fromCodePoint(Number.parseInt(code, 16));
        return [...utf8(char ?? "")];
      },
    );
  });
}

test("incompleteTail", () => {
  const tests: readonly (readonly [Uint8Array, number])[] = [
    [bytes(), 0],
    [utf8("abc"), 0],
    [utf8("ü"), 0],
    [bytes(0x61, 0xc3), 1],
    [bytes(0xe2, 0x82), 2],
    [bytes(0x61, 0xf0, 0x9f, 0x91), 3],
    [bytes(0xe2, 0x41), 0],
    [bytes(0xff), 0],
    [bytes(0xed, 0xa0), 0],
  ];
  for (const [input, want] of tests) {
    expect(incompleteTail(input), `incompleteTail(${input})`).toBe(want);
  }
});

test("visibleText makes a string harmless", () => {
  expect(visibleText("a\u202eb\x1b")).toBe("a\\u202eb\\x1b");
});
