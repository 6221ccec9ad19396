// A million frames of the fuzzer, in the program that "npm run fuzz" runs, and what that program does when it finds something.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testSeed } from "../wirerandom.js";
import { asked, framesOf, parseRecordings } from "./recordings.js";
import { scenes } from "./scenes.js";

const root = join(import.meta.dirname, "../../..");
const frames = 1_000_000;

async function fuzz(...args: string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [join(root, "scripts/fuzz.mjs"), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  const [code] = await once(child, "close");
  return { code, output };
}

test(`${frames} frames: nothing is thrown, nothing is slow, nobody else is disturbed`, {
  timeout: 600_000,
}, async () => {
  const seed = testSeed("fuzz");
  const { code, output } = await fuzz("--frames", String(frames), "--seed", String(seed), "--workers", "1");
  console.log(output);
  expect(code, output).toBe(0);
  for (const target of ["decode", "session", "client", "gateway", "library"])
    expect(output).toContain(`\n${target} `);
});

test("there are recordings of all scenes, at least fifty, in both directions", () => {
  const recordings = parseRecordings(readFileSync(join(import.meta.dirname, "recordings.txt"), "utf8"));
  expect(recordings.map((r) => r.name)).toEqual(Object.keys(scenes));
  expect(recordings.length).toBeGreaterThanOrEqual(50);
  for (const recording of recordings) {
    for (const side of ["client", "gateway"]) {
      const sent = recording.messages.filter((m) => m.from === side).flatMap((m) => framesOf(m.bytes));
      expect(sent.length, recording.name).toBeGreaterThan(1);
    }
  }
  const operations = new Set(recordings.flatMap(asked).map((f) => (f[0] === 16 ? f[2] : f[3])));
  expect(operations.size).toBeGreaterThan(20);
});
