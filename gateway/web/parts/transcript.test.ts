import { describe, expect, test } from "vitest";
import { type Data, type Entry, Transcript } from "./transcript.js";
import { entryText, partsOf } from "./transcripttext.js";
import { textOf } from "./visible.js";

const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s);
const long = 1_000_000;

function data(entries: readonly Entry[]): Data[] {
  return entries.filter((entry) => entry.kind !== "note");
}

function texts(t: Transcript): string[] {
  return data(t.entries).map((entry) => textOf(partsOf(entry)));
}

describe("Transcript", () => {
  test("keeps what came and went, in order, with offsets for each direction", () => {
    const t = new Transcript();
    t.append("out", utf8("hello"), 0);
    t.append("in", utf8("you"), 1);
    t.append("out", utf8("again"), 2);
    expect(data(t.entries).map(({ kind, offset, at }) => [kind, offset, at])).toEqual([
      ["out", 0, 0],
      ["in", 0, 1],
      ["out", 5, 2],
    ]);
  });

  test("copies: the caller's buffer may be used again", () => {
    const t = new Transcript();
    const b = utf8("abc");
    t.append("in", b, 0);
    b.fill(0x78);
    t.append("in", b, 1);
    b.fill(0x79);
    expect(texts(t)).toEqual(["abcxxx"]);
  });

  test("what comes in soon after belongs together, what is sent never does", () => {
    const t = new Transcript({ mergeMs: 100 });
    t.append("in", utf8("a"), 0);
    t.append("in", utf8("b"), 99);
    t.append("in", utf8("c"), 100);
    t.append("out", utf8("d"), 100);
    t.append("out", utf8("e"), 100);
    t.append("in", utf8("f"), 101);
    expect(texts(t)).toEqual(["ab", "c", "d", "e", "f"]);
  });

  test("nothing is joined over a note or a new connection", () => {
    const t = new Transcript();
    t.append("in", utf8("a"), 0);
    t.restart();
    t.append("in", utf8("b"), 1);
    t.note("info", "note", 2);
    t.append("in", utf8("c"), 3);
    expect(texts(t)).toEqual(["a", "b", "c"]);
    expect(data(t.entries).map((d) => d.offset)).toEqual([0, 0, 1]);
  });

  test("large data comes in pieces", () => {
    const t = new Transcript({ pieceBytes: 4 });
    t.append("in", utf8("0123456789"), 0);
    t.append("in", utf8("ABC"), 1);
    expect(texts(t)).toEqual(["0123", "4567", "89AB", "C"]);
    expect(data(t.entries).map((d) => d.offset)).toEqual([0, 4, 8, 12]);
  });

  test("a character over several pieces is shown once, in the piece that completes it", () => {
    const t = new Transcript({ mergeMs: 0 });
    const [a = 0, b = 0, c = 0, d = 0] = utf8("👋");
    t.append("in", Uint8Array.of(0x61, a), 0);
    expect(texts(t)).toEqual(["a\\xf0"]); // nothing more may ever come
    t.append("in", Uint8Array.of(b), 1);
    t.append("in", Uint8Array.of(c), 2);
    expect(texts(t)).toEqual(["a", "", "\\xf0\\x9f\\x91"]);
    t.append("in", Uint8Array.of(d, 0x62), 3);
    expect(texts(t)).toEqual(["a", "", "", "👋b"]);
  });

  test("the directions don't complete each other's characters", () => {
    const t = new Transcript();
    t.append("in", Uint8Array.of(0xc3), 0);
    t.append("out", Uint8Array.of(0xbc), 1);
    expect(texts(t)).toEqual(["\\xc3", "\\xbc"]);
  });

  test("the version of an entry changes when what it shows does", () => {
    const t = new Transcript({ mergeMs: 100 });
    t.append("in", utf8("a"), 0);
    const [first] = t.entries;
    const before = first?.version;
    t.append("in", utf8("b"), 1);
    expect(first?.version).not.toBe(before);
    const merged = first?.version;
    t.append("in", utf8("c"), long);
    expect(first?.version).not.toBe(merged);
  });

  test("forgets the oldest beyond maxBytes and counts it", () => {
    const t = new Transcript({ maxBytes: 10, pieceBytes: 4, mergeMs: 0 });
    t.append("in", utf8("0123456789abcdef"), 0);
    expect(texts(t)).toEqual(["89ab", "cdef"]);
    expect(t.droppedBytes).toBe(8);
    expect(t.allBytes).toBe(16);
  });

  test("a download of any size keeps a bounded number of bytes", () => {
    const t = new Transcript({ maxBytes: 64 * 1024 });
    const chunk = new Uint8Array(50_000);
    for (let i = 0; i < 2000; i++) {
      t.append("in", chunk, i);
    }
    const kept = data(t.entries).reduce((n, d) => n + d.bytes.length, 0);
    expect(kept).toBeLessThanOrEqual(64 * 1024);
    expect(kept).toBeGreaterThan(32 * 1024);
    expect(t.droppedBytes).toBe(2000 * chunk.length - kept);
    expect(data(t.entries).at(-1)?.offset).toBe(
      2000 * chunk.length - (data(t.entries).at(-1)?.bytes.length ?? 0),
    );
  });

  test("single bytes and notes are bounded by their number", () => {
    const t = new Transcript({ maxEntries: 10, mergeMs: 0 });
    for (let i = 0; i < 100; i++) {
      t.append("in", Uint8Array.of(i), i);
      t.note("info", `note ${i}`, i);
    }
    expect(t.entries).toHaveLength(10);
    expect(t.droppedBytes).toBe(95);
  });

  test("clear forgets everything but where the connection is", () => {
    const t = new Transcript();
    t.append("in", utf8("abc"), 0);
    t.clear();
    expect([t.entries.length, t.allBytes, t.droppedBytes]).toEqual([0, 0, 0]);
    t.append("in", utf8("def"), 1);
    expect(data(t.entries).map((d) => [d.offset, d.bytes.length])).toEqual([[3, 3]]);
  });

  test("tells of every change", () => {
    const t = new Transcript();
    let calls = 0;
    t.onChange = () => calls++;
    t.append("in", utf8("a"), 0);
    t.note("error", "b", 1);
    t.clear();
    expect(calls).toBe(3);
  });
});

describe("entryText", () => {
  const at = new Date(2026, 0, 2, 3, 4, 5, 6).getTime();

  test("data, as text and as hex", () => {
    const t = new Transcript();
    t.append("in", utf8("hi\n"), at);
    const [entry] = t.entries;
    expect(entryText(entry as Entry, "text")).toBe("03:04:05.006 <- 3 B\nhi\\n\n");
    expect(entryText(entry as Entry, "hex")).toBe(
      `03:04:05.006 <- 3 B\n00000000  68 69 0a${" ".repeat(42)}|hi.|\n`,
    );
  });

  test("a note with its detail", () => {
    const t = new Transcript();
    t.note("error", "read: reset", at, "why");
    expect(entryText(t.entries[0] as Entry, "text")).toBe("03:04:05.006 -- read: reset — why\n");
  });
});

test("a datagram is one entry, whatever its size and whatever came before", () => {
  const t = new Transcript({ pieceBytes: 4 });
  t.datagram("in", utf8("héllo w"), 0, "127.0.0.1:7");
  t.datagram("in", Uint8Array.of(0xc3), 0, "127.0.0.1:7");
  t.datagram("in", Uint8Array.of(0xa9), 0, "127.0.0.1:8");
  t.datagram("in", new Uint8Array(0), 0, "127.0.0.1:8");
  const entries = data(t.entries);
  expect(entries.map(({ bytes, offset, peer }) => [bytes.length, offset, peer])).toEqual([
    [8, 0, "127.0.0.1:7"],
    [1, 0, "127.0.0.1:7"],
    [1, 0, "127.0.0.1:8"],
    [0, 0, "127.0.0.1:8"],
  ]);
  // A character does not go on in the next one.
  expect(entries.map((entry) => textOf(partsOf(entry)))).toEqual(["héllo w", "\\xc3", "\\xa9", ""]);
  expect(entryText(entries[0] as Data, "text")).toContain("<- 8 B from 127.0.0.1:7\nhéllo w\n");
  expect(entryText({ ...(entries[1] as Data), kind: "out" }, "hex")).toContain(
    "-> 1 B to 127.0.0.1:7\n00000000  c3 ",
  );
});

test("a datagram's bytes are copied, and many of them are dropped as others are", () => {
  const t = new Transcript({ maxBytes: 10, maxEntries: 3 });
  const b = Uint8Array.of(1, 2, 3, 4, 5, 6);
  t.datagram("out", b, 0, "");
  b.fill(0);
  expect([...(data(t.entries)[0] as Data).bytes]).toEqual([1, 2, 3, 4, 5, 6]);
  t.datagram("out", b, 0, "");
  expect(t.entries).toHaveLength(1);
  expect(t.droppedBytes).toBe(6);
  for (let i = 0; i < 9; i++) t.datagram("in", new Uint8Array(0), 0, "");
  expect(t.entries).toHaveLength(3);
});
