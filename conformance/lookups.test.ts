// Go's answers to lookups in all kinds of places (lookups/setups.json), against ours: a network namespace for each, with its own
// files, an ordinary name server and a strange one.

import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle, type Program } from "../gateway/testing/child.js";
import { readSetups } from "./lookups/setups.mjs";

const here = import.meta.dirname;
const namespace = join(here, "netns-run.sh");
const limitMs = 60_000;

/** whyNot says what is missing here for a network namespace, or "". */
function whyNot(): string {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root, to make a network namespace";
  const { status, stderr } = spawnSync("bash", [namespace, "down", "true"], { encoding: "utf8" });
  return status === 0 ? "" : `no network namespace here: ${stderr.trim().split("\n")[0]}`;
}

// For each call the answers that Go gave: several where it depends on what arrives first.
const setups = join(here, "lookups", "setups.json");
const file = readFileSync(join(here, "lookups", "answers.json"), "utf8");
const answers = JSON.parse(file) as Readonly<Record<string, readonly (readonly string[])[]>>;
const reason = whyNot();

describe.skipIf(reason !== "")(`lookups as Go does them${reason && ` (${reason})`}`, () => {
  let program: Program;
  const got: Record<string, readonly string[]> = {};

  beforeAll(async () => {
    program = await bundle("../../conformance/lookups/main.ts");
    for (const mode of ["up", "down"]) {
      const place = join(here, "lookups", "place.mjs");
      const run = [
        namespace,
        mode,
        process.execPath,
        place,
        "-",
        process.execPath,
        program.path,
        mode,
        setups,
      ];
      Object.assign(got, JSON.parse(execFileSync("bash", run, { encoding: "utf8", timeout: limitMs })));
    }
  }, limitMs);

  afterAll(() => program?.remove());

  test.each(readSetups(setups))("%s", (name, { calls }) => {
    const wrong = calls.flatMap((call, i) => {
      const want = answers[name]?.[i] ?? [];
      const ours = got[name]?.[i] ?? "";
      return want.includes(ours) ? [] : [{ call: call.join(" "), ours, want }];
    });
    expect(wrong).toEqual([]);
  });
});
