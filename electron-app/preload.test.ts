// The preload script is two lines of Electron's around what channels.ts checks. Its shape is held against what the library
// expects of it, by the compiler; Electron itself is not loaded.

import { expect, test } from "vitest";
import type { GonetHost } from "../src/host.js";
import { parseOpen } from "./channels.js";
import type { HostAPI } from "./preload.js";

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

test("E03: gonetHost is what the library takes it for, and nothing more", () => {
  const isSame: Same<HostAPI, GonetHost> = true;
  const keys: Same<keyof HostAPI, "open"> = true;
  expect([isSame, keys]).toEqual([true, true]);
});

test("E03: open takes a ticket and a generation, and no more", () => {
  expect(parseOpen(["t-1", null])).toEqual({ ticket: "t-1", generation: null });
  expect(parseOpen(["t-1", 2])).toEqual({ ticket: "t-1", generation: 2 });
  expect(parseOpen(["t-1", 2, undefined])).toBeNull();
});
