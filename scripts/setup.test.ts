import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { candidates } from "./browser.mjs";
import { checkNode, installed } from "./setup.mjs";

let top: string;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "gonet-setup-"));
});

afterEach(() => rmSync(top, { recursive: true }));

describe("installed", () => {
  const entry = (version: string, more = {}) => ({ version, integrity: `sha512-${version}`, ...more });
  const manifest = { dependencies: { a: "1.0.0" }, devDependencies: { b: "^2.0.0" } };
  const packages = {
    "node_modules/a": entry("1.0.0"),
    "node_modules/b": entry("2.0.1"),
    "node_modules/b-other-system": entry("2.0.1", { optional: true }),
  };
  const { "node_modules/b-other-system": _, ...here } = packages;

  function lay(list: object | null, wanted: object = manifest): void {
    writeFileSync(join(top, "package.json"), JSON.stringify(wanted));
    writeFileSync(
      join(top, "package-lock.json"),
      JSON.stringify({ packages: { "": manifest, ...packages } }),
    );
    if (list === null) return;
    mkdirSync(join(top, "node_modules"), { recursive: true });
    writeFileSync(join(top, "node_modules/.package-lock.json"), JSON.stringify({ packages: list }));
  }

  const tests: [name: string, list: object | null, want: boolean][] = [
    ["everything there, another system's package missing", here, true],
    ["never installed, or cut short", null, false],
    ["one missing", { "node_modules/a": entry("1.0.0") }, false],
    ["one in another version", { ...here, "node_modules/b": entry("2.0.0") }, false],
    [
      "one with other content",
      { ...here, "node_modules/b": { ...entry("2.0.1"), integrity: "sha512-x" } },
      false,
    ],
    ["one too many", { ...here, "node_modules/c": entry("1.0.0") }, false],
  ];
  test.each(tests)("%s", (_name, list, want) => {
    lay(list);
    expect(installed(top)).toBe(want);
  });

  test("package.json asks for more than the lock knows", () => {
    lay(here, { ...manifest, dependencies: { a: "1.0.0", d: "1.0.0" } });
    expect(installed(top)).toBe(false);
  });
});

test("checkNode refuses what is older than 20.19 and nothing else", () => {
  for (const version of ["20.19.0", "20.20.2", "22.0.0", "24.1.0"])
    expect(() => checkNode(version)).not.toThrow();
  for (const version of ["18.19.0", "20.18.3"])
    expect(() => checkNode(version)).toThrow("Node.js 20.19 or later");
});

test("candidates are programs in PATH, Chromium first", () => {
  const [first, second] = ["one", "two"].map((name) => join(top, name)) as [string, string];
  for (const folder of [first, second]) mkdirSync(folder);
  for (const path of [
    join(first, "google-chrome"),
    join(second, "chromium"),
    join(second, "chromium-browser"),
  ]) {
    writeFileSync(path, "");
    chmodSync(path, 0o755);
  }
  chmodSync(join(second, "chromium-browser"), 0o644);
  const found = candidates(`${first}:relative:${second}:`).filter((path) => path.startsWith(top));
  expect(found).toEqual([join(second, "chromium"), join(first, "google-chrome")]);
});
