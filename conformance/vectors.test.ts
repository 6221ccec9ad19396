// Go's own answers (vectors-open.json) against ours.

import { describe, expect, test } from "vitest";
import { byFn, file, skipped, wrongOnes } from "./vectorfile.js";
import { call } from "./vectors.js";

describe("vectors", () => {
  test("the file is whole", () => {
    expect(file.vectors.length).toBe(file.meta.count);
    expect(Object.fromEntries([...byFn].map(([fn, list]) => [fn, list.length]))).toEqual(file.meta.perFn);
  });

  test("every function is called, or is listed as not there yet", () => {
    expect([...byFn.keys()].filter((fn) => !(fn in call))).toEqual([]);
  });

  for (const [fn, list] of byFn) {
    const f = call[fn];
    if (f === undefined) {
      test.skip(`${fn}: ${list.length} (not there yet)`);
      continue;
    }
    const counted = list.filter((v) => !skipped(v));
    test(`${fn}: ${counted.length}`, async () => {
      expect(await wrongOnes(fn, f)).toEqual([]);
    });
  }
});
