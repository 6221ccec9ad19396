import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findElectron } from "./electron.mjs";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gonet-electron-"));
  vi.stubEnv("GONET_ELECTRON", undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

test("the package without its program is no Electron", () => {
  expect(findElectron(folder)).toBeNull();
  writeFileSync(join(folder, "path.txt"), "electron");
  expect(findElectron(folder)).toBeNull();
  mkdirSync(join(folder, "dist"));
  writeFileSync(join(folder, "dist/electron"), "");
  expect(findElectron(folder)).toBeNull();
});

test("the program is where the package says, or where GONET_ELECTRON does", () => {
  const program = join(folder, "dist/electron");
  mkdirSync(join(folder, "dist"));
  writeFileSync(program, "");
  chmodSync(program, 0o755);
  writeFileSync(join(folder, "path.txt"), "electron");
  expect(findElectron(folder)).toBe(program);
  vi.stubEnv("GONET_ELECTRON", process.execPath);
  expect(findElectron(folder)).toBe(process.execPath);
  vi.stubEnv("GONET_ELECTRON", join(folder, "none"));
  expect(findElectron(folder)).toBeNull();
});
