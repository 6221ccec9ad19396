// How the app is packed, as far as it can be told without packing it. electron-app/package has electron-builder, which checks
// the form of its configuration itself.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const read = (path: string) => JSON.parse(readFileSync(join(import.meta.dirname, path), "utf8"));
const config = read("package/electron-builder.json");

test("E13: every fuse that lets others run code in the app is off, every one that checks its code is on", () => {
  expect(config.electronFuses).toEqual({
    runAsNode: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    onlyLoadAppFromAsar: true,
    enableEmbeddedAsarIntegrityValidation: true,
    enableCookieEncryption: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
  });
  expect(config.asar).toBe(true);
});

test("the packed Electron is the one whose types are checked", () => {
  expect(config.electronVersion).toBe(read("../package.json").devDependencies.electron);
});

test("there is a target for Linux, macOS and Windows, and the addon lies outside of the archive", () => {
  expect([config.linux.target, config.mac.target, config.win.target]).toEqual([
    ["AppImage", "deb"],
    ["dmg", "zip"],
    ["nsis"],
  ]);
  expect(config.asarUnpack).toEqual(["native/*.node"]);
});

test("what packs the app has a strong checksum for every package, no address, and runs nothing at install", () => {
  const { packages } = read("package/package-lock.json");
  const wanting: string[] = [];
  for (const [path, entry] of Object.entries<{
    integrity?: string;
    resolved?: string;
    hasInstallScript?: boolean;
  }>(packages)) {
    if (path === "") continue;
    expect(entry.integrity, path).toMatch(/^sha512-/);
    expect(entry.resolved, path).toBeUndefined();
    if (entry.hasInstallScript) wanting.push(path.replace(/^.*node_modules\//, ""));
  }
  expect(Object.keys(read("package/package.json").allowScripts)).toEqual(wanting);
});
