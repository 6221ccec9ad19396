import { describe, expect, test } from "vitest";
import { Is, New } from "./errors.js";
import { sentinel, withCount } from "./errorvalue.js";
import {
  Copy,
  chunks,
  EOF,
  ErrNoProgress,
  ErrShortBuffer,
  ErrShortWrite,
  ErrUnexpectedEOF,
  ReadAll,
  ReadAtLeast,
  type Reader,
  ReadFull,
} from "./io.js";

// Gives one part after the other, then rejects with end.
function reader(parts: readonly string[], end: unknown = EOF): Reader {
  const rest = parts.map((s) => new TextEncoder().encode(s));
  return {
    async Read(b) {
      const part = rest[0];
      if (part === undefined) {
        throw end;
      }
      const n = Math.min(b.length, part.length);
      b.set(part.subarray(0, n));
      rest[0] = part.subarray(n);
      if (rest[0].length === 0) {
        rest.shift();
      }
      return n;
    },
  };
}

function writer(take: (b: Uint8Array) => Promise<number>): { Write: typeof take } {
  return { Write: take };
}

const text = (b: Uint8Array): string => new TextDecoder().decode(b);
const boom = New("boom");

async function reason(p: Promise<unknown>): Promise<unknown> {
  return p.then(
    (v) => expect.unreachable(`resolved to ${v}`),
    (err: unknown) => err,
  );
}

describe("ReadFull", () => {
  test("reads until the buffer is full", async () => {
    const b = new Uint8Array(5);
    const r = reader(["ab", "c", "defg"]);
    expect(await ReadFull(r, b)).toBe(5);
    expect(text(b)).toBe("abcde");
    expect(await ReadFull(r, new Uint8Array())).toBe(0);
  });

  test("the end before the first byte is EOF itself, later it is unexpected and counted", async () => {
    expect(await reason(ReadFull(reader([]), new Uint8Array(3)))).toBe(EOF);
    const err = await reason(ReadFull(reader(["ab"]), new Uint8Array(3)));
    expect(Is(err, ErrUnexpectedEOF)).toBe(true);
    expect(err).toMatchObject({ n: 2, message: "unexpected EOF" });
  });

  test("another error keeps itself and gets the count", async () => {
    const err = await reason(ReadFull(reader(["ab"], boom), new Uint8Array(3)));
    expect(err).toBe(boom);
    expect(err).toMatchObject({ n: 2 });
  });

  test("the end of another copy of the package is the end", async () => {
    expect(await reason(ReadFull(reader([], sentinel("io.EOF", "EOF")), new Uint8Array(1)))).toBe(EOF);
  });

  test("a count in the error of a Read is not taken for bytes", async () => {
    const r: Reader = {
      async Read() {
        throw withCount(ErrUnexpectedEOF, 1);
      },
    };
    const err = await reason(ReadFull(r, new Uint8Array(1)));
    expect(Is(err, ErrUnexpectedEOF)).toBe(true);
    expect(err).toMatchObject({ n: 0 });
    expect((await reason(ReadAll(r))) as { results: Uint8Array }).toMatchObject({
      results: new Uint8Array(),
    });
  });

  test("a Reader that gives nothing, again and again, is given up", async () => {
    const nothing: Reader = { Read: async () => 0 };
    expect(await reason(ReadFull(nothing, new Uint8Array(1)))).toBe(ErrNoProgress);
  });
});

test("ReadAtLeast stops at the minimum and refuses a buffer that is smaller", async () => {
  const b = new Uint8Array(10);
  expect(await ReadAtLeast(reader(["ab", "cd", "ef"]), b, 3)).toBe(4);
  expect(await reason(ReadAtLeast(reader(["ab"]), b, 11))).toBe(ErrShortBuffer);
});

describe("ReadAll", () => {
  test("reads to the end, whatever the size", async () => {
    const parts = Array.from({ length: 100 }, (_, i) => `${i}`.repeat(50));
    expect(text(await ReadAll(reader(parts)))).toBe(parts.join(""));
    expect(await ReadAll(reader([]))).toEqual(new Uint8Array());
  });

  test("an error carries what was read", async () => {
    const err = await reason(ReadAll(reader(["abc"], New("boom"))));
    expect(err).toMatchObject({ message: "boom", n: 3 });
    expect(text((err as { results: Uint8Array }).results)).toBe("abc");
  });
});

describe("Copy", () => {
  test("copies all and counts", async () => {
    const got: string[] = [];
    const dst = writer(async (b) => {
      got.push(text(b));
      return b.length;
    });
    expect(await Copy(dst, reader(["ab", "cde"]))).toBe(5);
    expect(got).toEqual(["ab", "cde"]);
  });

  test("an error of either side carries what was written", async () => {
    const all = writer(async (b) => b.length);
    expect(await reason(Copy(all, reader(["abc"], New("read"))))).toMatchObject({ message: "read", n: 3 });
    const half = writer(async () => {
      throw withCount(New("write"), 2);
    });
    expect(await reason(Copy(half, reader(["abc"])))).toMatchObject({ message: "write", n: 2 });
    const short = writer(async () => 1);
    const err = await reason(Copy(short, reader(["abc"])));
    expect(Is(err, ErrShortWrite)).toBe(true);
    expect(err).toMatchObject({ n: 1 });
  });
});

describe("chunks", () => {
  test("gives every chunk memory of its own, and ends at the end", async () => {
    const got: Uint8Array[] = [];
    for await (const chunk of chunks(reader(["a", "bcdefgh", "i"]), 4)) {
      got.push(chunk);
    }
    expect(got.map(text)).toEqual(["a", "bcde", "fgh", "i"]);
  });

  test("throws any other error into the loop", async () => {
    const loop = async (): Promise<void> => {
      for await (const chunk of chunks(reader(["a"], boom))) {
        expect(text(chunk)).toBe("a");
      }
    };
    expect(await reason(loop())).toBe(boom);
  });
});
