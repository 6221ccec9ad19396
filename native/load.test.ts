// Loading the binary: what is found, and what is said when it is not.

import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterEach, expect, test, vi } from "vitest";

const folders: string[] = [];

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "gonet-"));
  folders.push(folder);
  return folder;
}

// fresh is the module as it is before anything was loaded.
function fresh(): Promise<typeof import("./index.js")> {
  vi.resetModules();
  return import("./index.js");
}

const binary =
  process.env["GONET_ADDON"] ?? fileURLToPath(new URL("build/Release/gonet.node", import.meta.url));

test("importing loads nothing; loadAddon and every use do", async () => {
  vi.stubEnv("GONET_ADDON", "/nonexistent/gonet.node");
  const { loadAddon, liveSockets, Socket } = await fresh();
  for (const use of [loadAddon, liveSockets, () => Socket.open(4, "stream")]) {
    expect(use).toThrow(
      /^gonet: the native addon \/nonexistent\/gonet.node does not load: .*scripts\/addon.mjs/s,
    );
  }
});

test("GONET_ADDON names the binary", async () => {
  const copy = join(temporary(), "other.node");
  copyFileSync(binary, copy);
  vi.stubEnv("GONET_ADDON", copy);
  const { loadAddon, Socket } = await fresh();
  loadAddon();
  const socket = Socket.open(4, "stream");
  expect(socket.closed).toBe(false);
  socket.close();
});

test("a file that is no binary says so", async () => {
  const file = join(temporary(), "bad.node");
  writeFileSync(file, "not a library");
  vi.stubEnv("GONET_ADDON", file);
  const { loadAddon } = await fresh();
  expect(loadAddon).toThrow(/^gonet: the native addon .*bad.node does not load: .*Build it with/s);
});

test("two copies of the module work with one binary", async () => {
  const [one, two] = [await fresh(), await fresh()];
  expect(one.Socket).not.toBe(two.Socket);
  const [a, b] = [one.Socket.open(4, "stream"), two.Socket.open(4, "stream")];
  expect(one.liveSockets()).toBe(two.liveSockets());
  a.close();
  b.close();
});

// bundle lays out a package as it is published and gives the module of it that loads the addon, out of native/ as a
// bundler would put it.
async function bundle(withBinary: boolean): Promise<string> {
  const root = temporary();
  mkdirSync(join(root, "native", "build", "Release"), { recursive: true });
  cpSync(fileURLToPath(new URL("binding.gyp", import.meta.url)), join(root, "native", "binding.gyp"));
  if (withBinary) copyFileSync(binary, join(root, "native", "build", "Release", "gonet.node"));
  const builder = fileURLToPath(new URL("../node_modules/node-gyp-build", import.meta.url));
  cpSync(builder, join(root, "node_modules", "node-gyp-build"), { recursive: true });

  await build({
    configFile: false,
    logLevel: "error",
    build: {
      ssr: fileURLToPath(new URL("index.ts", import.meta.url)),
      outDir: join(root, "dist", "gateway"),
      rolldownOptions: { output: { entryFileNames: "bundle.mjs" } },
    },
  });
  return join(root, "dist", "gateway", "bundle.mjs");
}

// run executes a module in a Node of its own, which finds the binary by itself.
function run(code: string) {
  const { GONET_ADDON: _, ...env } = process.env;
  return spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8", env });
}

test("a bundle in dist finds the package's binary above it", async () => {
  const module = await bundle(true);
  const code = `const { Socket } = await import(${JSON.stringify(module)}); console.log(Socket.open(4, "stream").fd > 2)`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    encoding: "utf8",
  });
  expect({ stdout, stderr }).toEqual({ stdout: "true\n", stderr: "" });
});

test("a package without a binary says where it should be and how to build it", async () => {
  const module = await bundle(false);
  const code = `const { loadAddon } = await import(${JSON.stringify(module)}); try { loadAddon() } catch (err) { console.log(err.message) }`;
  const { stdout } = run(code);
  expect(stdout).toMatch(
    /^gonet: the native addon is missing: there is no .*native\/build\/Release\/gonet.node, nor /,
  );
  expect(stdout).toContain("scripts/addon.mjs");
});
