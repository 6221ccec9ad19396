import { describe, expect, test } from "vitest";
import { HexError } from "./hexinput.js";
import { maxRemembered, messageBytes, Remembered } from "./message.js";

const text = (b: Uint8Array): string => new TextDecoder().decode(b);

test.each([
  ["a", "crlf", "a\r\n"],
  ["a\nb", "crlf", "a\r\nb\r\n"],
  ["a\r\nb", "crlf", "a\r\nb\r\n"],
  ["", "crlf", "\r\n"],
  ["a\nb", "lf", "a\nb\n"],
  ["", "lf", "\n"],
  ["a\nb", "none", "a\nb"],
  ["", "none", ""],
  ["Grüße 👋", "none", "Grüße 👋"],
] as const)("messageBytes(%j, text, %s)", (typed, ending, out) => {
  expect(text(messageBytes(typed, "text", ending))).toBe(out);
});

test("messageBytes of hex has no line ending", () => {
  expect([...messageBytes("00 ff\n0a", "hex", "crlf")]).toEqual([0, 255, 10]);
  expect(() => messageBytes("0", "hex", "crlf")).toThrow(HexError);
});

describe("Remembered", () => {
  test("goes back and forth, and back to what was being typed", () => {
    const r = new Remembered();
    r.add("one");
    r.add("two");
    r.add("two");
    expect(r.older("draft")).toBe("two");
    expect(r.older("two")).toBe("one");
    expect(r.older("one")).toBeNull();
    expect(r.newer()).toBe("two");
    expect(r.newer()).toBe("draft");
    expect(r.newer()).toBeNull();
  });

  test("has nothing to give before anything was sent", () => {
    const r = new Remembered();
    r.add("");
    expect(r.older("draft")).toBeNull();
    expect(r.newer()).toBeNull();
  });

  test("is bounded", () => {
    const r = new Remembered();
    for (let i = 0; i < 2 * maxRemembered; i++) {
      r.add(String(i));
    }
    let oldest: string | null = null;
    for (let s = r.older(""); s !== null; s = r.older("")) {
      oldest = s;
    }
    expect(oldest).toBe(String(maxRemembered));
  });
});
