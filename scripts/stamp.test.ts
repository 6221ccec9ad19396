import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fresh, hashOf, recall, remember } from "./stamp.mjs";

let top: string;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "gonet-stamp-"));
  mkdirSync(join(top, "src/deep"), { recursive: true });
  writeFileSync(join(top, "src/a.ts"), "a");
  writeFileSync(join(top, "src/deep/b.ts"), "b");
});

afterEach(() => rmSync(top, { recursive: true }));

const all = () => true;

test("hashOf sees content, names and absence, not times", () => {
  const paths = ["src", "package.json"];
  const seen = [hashOf(paths, all, top)];
  const isNew = (): void => {
    const hash = hashOf(paths, all, top);
    expect(seen).not.toContain(hash);
    seen.push(hash);
  };

  utimesSync(join(top, "src/a.ts"), 1, 1);
  expect(hashOf(paths, all, top)).toBe(seen[0]);

  writeFileSync(join(top, "src/deep/b.ts"), "c");
  isNew();
  writeFileSync(join(top, "src/deep/c.ts"), "");
  isNew();
  writeFileSync(join(top, "package.json"), "");
  isNew();
  rmSync(join(top, "src/a.ts"));
  isNew();
});

test("hashOf leaves out what is not wanted, with all that lies in it", () => {
  const wanted = (path: string) => path !== "src/deep";
  const before = hashOf(["src"], wanted, top);
  writeFileSync(join(top, "src/deep/b.ts"), "changed");
  expect(hashOf(["src"], wanted, top)).toBe(before);
  expect(hashOf(["src"], all, top)).not.toBe(before);
});

test("fresh needs the same hash and every result", () => {
  const hash = hashOf(["src"], all, top);
  expect(fresh("build", hash, ["out.js"], top)).toBe(false);
  remember("build", hash, top);
  expect(fresh("build", hash, ["out.js"], top)).toBe(false);
  writeFileSync(join(top, "out.js"), "");
  expect(fresh("build", hash, ["out.js"], top)).toBe(true);
  expect(fresh("build", "other", ["out.js"], top)).toBe(false);
});

test("recall gives what remember kept, or nothing", () => {
  expect(recall("browser", top)).toBe("");
  remember("browser", "/usr/bin/chromium", top);
  expect(recall("browser", top)).toBe("/usr/bin/chromium");
});
