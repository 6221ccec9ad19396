// Go's transcripts, replayed: the client and the gateway are two processes joined by a WebSocket, in a network
// namespace like the one that Go ran in.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle, type Program } from "../gateway/testing/child.js";
import { inNamespace, whyNoNamespace } from "../src/testing/namespace.js";
import { differences, type Expected } from "./compare.js";

const here = import.meta.dirname;
const limitMs = 60_000;

// transcripts-more.json is what oracle/ recorded.
const scenarios = ["transcripts-open.json", "transcripts-more.json"].flatMap((name) => {
  const file = JSON.parse(readFileSync(join(here, name), "utf8"));
  return Object.entries((file as { scenarios: Readonly<Record<string, Expected>> }).scenarios);
});
const reason = whyNoNamespace();

describe.skipIf(reason !== "")(`Go's transcripts${reason && ` (${reason})`}`, () => {
  const programs: Program[] = [];
  let transcripts: Readonly<Record<string, readonly string[]>>;

  beforeAll(async () => {
    const gateway = await bundle("../main.ts");
    programs.push(gateway);
    const client = await bundle("../../conformance/scenarios/main.ts");
    programs.push(client);
    const said = await inNamespace(client.path, [gateway.path], { timeoutMs: limitMs });
    transcripts = said as Readonly<Record<string, readonly string[]>>;
  }, limitMs);

  afterAll(() => {
    for (const program of programs) program.remove();
  });

  test.each(scenarios)("%s", (name, expected) => {
    expect(differences(expected, transcripts[name] ?? []).join("\n")).toBe("");
  });
});
