import { expect, test } from "vitest";
import { LocalLine, maxLineChars } from "./localline.js";

test("a line is sent whole, as it was when Enter was pressed", () => {
  const line = new LocalLine();
  expect(line.type("helo")).toEqual({ echo: "helo", lines: [] });
  expect(line.type("\x7f")).toEqual({ echo: "\b \b", lines: [] });
  expect(line.type("lo")).toEqual({ echo: "lo", lines: [] });
  expect(line.type("\r")).toEqual({ echo: "\r\n", lines: ["hello"] });
});

test("Ctrl+U and Ctrl+C take the line back, and nothing that is not there is erased", () => {
  const line = new LocalLine();
  expect(line.type("\x7f").echo).toBe("");
  line.type("ab日");
  expect(line.type("\x15").echo).toBe("\b \b".repeat(4)); // one of them is wide
  line.type("x");
  expect(line.type("\x03").echo).toBe("\b \b");
  expect(line.type("\r").lines).toEqual([""]);
});

test("several lines that are pasted are several lines", () => {
  expect(new LocalLine().type("a\rb\rc")).toEqual({ echo: "a\r\nb\r\nc", lines: ["a", "b"] });
  expect(new LocalLine().type("\x1b[200~a\rb\x1b[201~").lines).toEqual(["a"]);
});

test("keys that are no characters do nothing", () => {
  const line = new LocalLine();
  for (const key of ["\x1b[A", "\x1b[3~", "\x1bOP", "\x00", "\x07"]) {
    expect(line.type(key)).toEqual({ echo: "", lines: [] });
  }
});

test("a line at the limit is taken, and what is past it is not", () => {
  const line = new LocalLine();
  line.type("x".repeat(maxLineChars));
  expect(line.type("y").echo).toBe("");
  expect(line.type("\r").lines).toEqual(["x".repeat(maxLineChars)]);
});
