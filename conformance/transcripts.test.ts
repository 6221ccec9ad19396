// Go's transcripts, replayed: the client and the gateway are two processes joined by a WebSocket, in a network
// namespace like the one that Go ran in.

import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle, type Program } from "../gateway/testing/child.js";
import { differences, type Expected } from "./compare.js";

const here = import.meta.dirname;
const namespace = join(here, "netns-run.sh");
const limitMs = 60_000;

/** whyNot says what is missing here for a namespace with an interface that swallows packets, or "". */
function whyNot(): string {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root, to make a network namespace";
  const { status, stderr } = spawnSync("bash", [namespace, "down", "true"], { encoding: "utf8" });
  return status === 0 ? "" : `no network namespace like Go's here: ${stderr.trim().split("\n")[0]}`;
}

// transcripts-more.json is what oracle/ recorded.
const scenarios = ["transcripts-open.json", "transcripts-more.json"].flatMap((name) => {
  const file = JSON.parse(readFileSync(join(here, name), "utf8"));
  return Object.entries((file as { scenarios: Readonly<Record<string, Expected>> }).scenarios);
});
const reason = whyNot();

describe.skipIf(reason !== "")(`Go's transcripts${reason && ` (${reason})`}`, () => {
  const programs: Program[] = [];
  let transcripts: Readonly<Record<string, readonly string[]>>;

  beforeAll(async () => {
    const gateway = await bundle("../main.ts");
    programs.push(gateway);
    const client = await bundle("../../conformance/scenarios/main.ts");
    programs.push(client);
    const args = [namespace, "up", process.execPath, client.path, gateway.path];
    const said = execFileSync("bash", args, { encoding: "utf8", timeout: limitMs });
    transcripts = JSON.parse(said);
  }, limitMs);

  afterAll(() => {
    for (const program of programs) program.remove();
  });

  test.each(scenarios)("%s", (name, expected) => {
    expect(differences(expected, transcripts[name] ?? []).join("\n")).toBe("");
  });
});
