import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { alone } from "./lock.mjs";
import { root } from "./process.mjs";

const lockModule = pathToFileURL(join(root, "scripts/lock.mjs")).href;
let top: string;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "gonet-lock-"));
  mkdirSync(join(top, ".setup"));
});

afterEach(() => rmSync(top, { recursive: true }));

/** start runs a program that holds the lock for a moment and notes in a file when it came and went. */
function start(): Promise<unknown> {
  const script = `
    import { appendFileSync } from "node:fs";
    import { alone } from ${JSON.stringify(lockModule)};
    await alone(${JSON.stringify(top)}, async () => {
      appendFileSync(${JSON.stringify(join(top, "log"))}, "in\\n");
      await new Promise((done) => setTimeout(done, 50));
      appendFileSync(${JSON.stringify(join(top, "log"))}, "out\\n");
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore" });
  return once(child, "exit");
}

test("of several processes one works at a time, even after one that died with the lock", async () => {
  writeFileSync(join(top, ".setup/lock"), String(await idOfTheDead()));
  const exits = await Promise.all([start(), start(), start(), start()]);
  expect(exits).toEqual([0, 0, 0, 0].map((code) => [code, null]));
  expect(readFileSync(join(top, "log"), "utf8")).toBe("in\nout\n".repeat(4));
  expect(readdirSync(join(top, ".setup"))).toEqual([]);
});

test("work that throws gives the lock back", async () => {
  const failing = alone(top, async () => {
    expect(existsSync(join(top, ".setup/lock"))).toBe(true);
    throw new Error("broken");
  });
  await expect(failing).rejects.toThrow("broken");
  expect(readdirSync(join(top, ".setup"))).toEqual([]);
});

/** idOfTheDead is the id of a process that has ended and was waited for. */
async function idOfTheDead(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid!;
}
