import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { differences } from "./differences.mjs";

test("docs/differences.md is up to date: node scripts/differences.mjs", () => {
  expect(readFileSync(resolve(import.meta.dirname, "../docs/differences.md"), "utf8")).toBe(differences());
});

test("the known holes and what is left out are in it", () => {
  expect(differences()).toContain("`parsePort`");
  expect(differences()).toContain("`Dialer.Control (go1.11)`");
});
