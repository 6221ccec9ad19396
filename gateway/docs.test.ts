import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { optionNames, optionTable, splitListen } from "./config.js";
import {
  gatewayLimitsMarkdown,
  helpText,
  limitsMarkdown,
  optionsMarkdown,
  refusalsMarkdown,
} from "./help.js";

// The tables of docs/gateway.md come from the code. With GONET_UPDATE_DOCS=1 this test writes them.

const path = join(import.meta.dirname, "..", "docs", "gateway.md");

const tables = {
  options: optionsMarkdown(),
  limits: limitsMarkdown(),
  "gateway-limits": gatewayLimitsMarkdown(),
  refusals: refusalsMarkdown(),
};

function between(name: string): RegExp {
  return new RegExp(`(<!-- ${name}: begin -->\n)[^]*?(<!-- ${name}: end -->)`);
}

describe("docs/gateway.md", () => {
  test.each(Object.entries(tables))("has the table of %s as the code has it", (name, table) => {
    const text = readFileSync(path, "utf8");
    expect(text).toMatch(between(name));
    const wanted = text.replace(between(name), (_, begin: string, end: string) => `${begin}${table}\n${end}`);
    if (process.env["GONET_UPDATE_DOCS"] === "1") writeFileSync(path, wanted);
    expect(readFileSync(path, "utf8"), "run with GONET_UPDATE_DOCS=1").toBe(wanted);
  });
});

describe("the help", () => {
  test("has every option, in the order of the alphabet, on lines that fit", () => {
    const text = helpText();
    for (const name of optionNames) expect(text).toContain(`  --${name}`);
    expect([...optionNames]).toEqual([...optionNames].sort());
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(101);
  });

  test("shows defaults that the option itself would take", () => {
    expect(splitListen(optionTable.listen.fallback)).toEqual({ host: "127.0.0.1", port: 8080 });
    expect(helpText()).toContain("(default 127.0.0.1:8080)");
    expect(helpText()).toContain("(default 10000 sessions)");
  });
});

describe("splitListen", () => {
  test.each([
    ["127.0.0.1:80", { host: "127.0.0.1", port: 80 }],
    ["[::1]:0", { host: "::1", port: 0 }],
    ["localhost:65535", { host: "localhost", port: 65535 }],
    [":8080", { host: "::", port: 8080 }],
    ["::1:80", null],
    ["[127.0.0.1]:80", null],
    ["[]:80", null],
    ["127.0.0.1", null],
    ["127.0.0.1:", null],
    ["127.0.0.1:65536", null],
    ["127.0.0.1:-1", null],
    ["127.0.0.1:8o", null],
    ["", null],
  ])("%j", (text, want) => {
    expect(splitListen(text)).toEqual(want);
  });
});
