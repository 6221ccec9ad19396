// Go's own answers (vectors-open.json) against ours. Each vector is one call: in, out, err.

import fs from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import { Both, type Call, call, encode, pending, shape } from "./vectors.js";

interface Shape {
  readonly type: string;
  readonly text: string;
  readonly timeout: boolean | null;
  readonly temporary: boolean | null;
}

interface Vector {
  readonly id: string;
  readonly fn: string;
  readonly in: readonly unknown[];
  readonly out: readonly unknown[];
  readonly err?: Shape & { readonly is?: readonly string[] };
  readonly alt?: Readonly<Record<string, { readonly out?: readonly unknown[]; readonly errText?: string }>>;
  readonly tags?: readonly string[];
}

const file = JSON.parse(fs.readFileSync(new URL("vectors-open.json", import.meta.url), "utf8")) as {
  readonly meta: { readonly count: number; readonly perFn: Readonly<Record<string, number>> };
  readonly vectors: readonly Vector[];
};

const byFn = new Map<string, Vector[]>(Object.keys(file.meta.perFn).map((fn) => [fn, []]));
for (const v of file.vectors) {
  byFn.get(v.fn)?.push(v);
}

// A method of a nil receiver has no counterpart where nil is null; the vector with the empty slice is there too. Some
// answers come out of a system file, "env:/etc/services": not where there is no such file.
function skipped(v: Vector): boolean {
  return (v.tags ?? []).some(
    (tag) => tag === "nil-receiver" || (tag.startsWith("env:") && !fs.existsSync(tag.slice("env:".length))),
  );
}

function matches(v: Vector, got: { out: unknown; err: Shape | null }): boolean {
  const want = v.err ? shapeOf(v.err) : null;
  // What is thrown comes without results; Go's are empty then.
  const sameOut = got.out === null ? got.err !== null : isDeepStrictEqual(got.out, v.out);
  if (sameOut && isDeepStrictEqual(got.err, want)) {
    return true;
  }
  return v.tags?.includes("version") === true && matchesLater(v, got);
}

// Newer Go answers otherwise: either answer is right; where the newer one is not given, any is.
function matchesLater(v: Vector, got: { out: unknown; err: Shape | null }): boolean {
  const later = Object.values(v.alt ?? {});
  return (
    later.length === 0 ||
    later.some(
      (a) =>
        (a.errText === undefined ? got.err === null : got.err?.text === a.errText) &&
        (a.out === undefined || got.err !== null || isDeepStrictEqual(got.out, a.out)),
    )
  );
}

function shapeOf(e: Shape): Shape {
  return {
    type: e.type.replace(/^\*?(net|os|syscall|errors)\./, ""),
    text: e.text,
    timeout: e.timeout ?? null,
    temporary: e.temporary ?? null,
  };
}

async function run(fn: Call, v: Vector): Promise<{ out: unknown; err: Shape | null }> {
  try {
    const answer = await fn(v.in);
    return answer instanceof Both
      ? { out: answer.out.map(encode), err: shape(answer.err) }
      : { out: answer.map(encode), err: null };
  } catch (err) {
    return { out: null, err: shape(err) };
  }
}

describe("vectors", () => {
  test("the file is whole", () => {
    expect(file.vectors.length).toBe(file.meta.count);
    expect(Object.fromEntries([...byFn].map(([fn, list]) => [fn, list.length]))).toEqual(file.meta.perFn);
  });

  test("every function is called, or is listed as not there yet", () => {
    expect([...byFn.keys()].filter((fn) => !(fn in call))).toEqual([...pending]);
  });

  for (const [fn, list] of byFn) {
    const f = call[fn];
    if (f === undefined) {
      test.skip(`${fn}: ${list.length} (not there yet)`);
      continue;
    }
    const counted = list.filter((v) => !skipped(v));
    test(`${fn}: ${counted.length}`, async () => {
      const wrong: string[] = [];
      for (const v of counted) {
        const got = await run(f, v);
        if (!matches(v, got)) {
          wrong.push(
            `${v.id} ${fn}(${JSON.stringify(v.in)}) = ${JSON.stringify(got)}, want ${JSON.stringify([v.out, v.err])}`,
          );
        }
      }
      expect(wrong).toEqual([]);
    });
  }
});
