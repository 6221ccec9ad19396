import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./process.mjs";

interface Entry {
  version: string;
  license?: string;
  integrity?: string;
  resolved?: string;
  hasInstallScript?: boolean;
}

const read = (path: string) => readFileSync(join(root, path), "utf8");
const manifest = JSON.parse(read("package.json"));
const lock: Record<string, Entry> = JSON.parse(read("package-lock.json")).packages;

/** table gives the cells of the table under a heading of docs/dependencies.md, without its two heading rows. */
function table(heading: string): string[][] {
  const section = read("docs/dependencies.md").split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

test.each([
  ["In production", "dependencies"],
  ["In development", "devDependencies"],
])("docs/dependencies.md, %s, is what package.json has in %s, with its licence", (heading, kind) => {
  const documented = table(heading).map((cells) => [cells[0]?.replaceAll("`", ""), cells.at(-1)]);
  const used = Object.keys(manifest[kind]).map((name) => [name, lock[`node_modules/${name}`]?.license]);
  expect(documented).toEqual(used.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1)));
});

test("package-lock.json has a strong checksum for every package, and no address", () => {
  for (const [path, { integrity, resolved }] of Object.entries(lock)) {
    if (path === "") continue;
    expect(integrity, path).toMatch(/^sha512-/);
    expect(resolved, path).toBeUndefined();
  }
});

test("whatever wants to run at install is decided on in package.json", () => {
  const wanting = Object.entries(lock)
    .filter(([, entry]) => entry.hasInstallScript)
    .map(([path]) => path.replace(/^.*node_modules\//, ""));
  expect(Object.keys(manifest.allowScripts).sort()).toEqual(wanting.sort());
});
