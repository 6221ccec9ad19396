// The file of Go's own answers (vectors-open.json), and when an answer is the same. Each vector is one call: in, out, err.

import fs from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { Both, type Call, encode, shape } from "./vectors.js";

export interface Shape {
  readonly type: string;
  readonly text: string;
  readonly timeout: boolean | null;
  readonly temporary: boolean | null;
}

export interface Vector {
  readonly id: string;
  readonly fn: string;
  readonly in: readonly unknown[];
  readonly out: readonly unknown[];
  readonly err?: Shape & { readonly is?: readonly string[] };
  readonly alt?: Readonly<Record<string, { readonly out?: readonly unknown[]; readonly errText?: string }>>;
  readonly tags?: readonly string[];
}

/** file is the file of vectors. */
export const file = JSON.parse(fs.readFileSync(new URL("vectors-open.json", import.meta.url), "utf8")) as {
  readonly meta: { readonly count: number; readonly perFn: Readonly<Record<string, number>> };
  readonly vectors: readonly Vector[];
};

/** byFn has the vectors of each function. */
export const byFn = new Map<string, Vector[]>(Object.keys(file.meta.perFn).map((fn) => [fn, []]));
for (const v of file.vectors) {
  byFn.get(v.fn)?.push(v);
}

/**
 * skipped reports whether v cannot be tested here. A method of a nil receiver has no counterpart where nil is null; the
 * vector with the empty slice is there too. Some answers come out of a system file, "env:/etc/services": not where there
 * is no such file.
 */
export function skipped(v: Vector): boolean {
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

/** wrongOnes makes the calls of the vectors of fn that can be tested here, and tells those that answer otherwise than Go. */
export async function wrongOnes(fn: string, f: Call): Promise<string[]> {
  const wrong: string[] = [];
  for (const v of (byFn.get(fn) ?? []).filter((v) => !skipped(v))) {
    const got = await run(f, v);
    if (!matches(v, got)) {
      const want = JSON.stringify([v.out, v.err]);
      wrong.push(`${v.id} ${fn}(${JSON.stringify(v.in)}) = ${JSON.stringify(got)}, want ${want}`);
    }
  }
  return wrong;
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
