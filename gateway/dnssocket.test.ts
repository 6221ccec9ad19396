import { describe, expect, test } from "vitest";
import { dnsSockets, serverAddress } from "./dnssocket.js";
import { Lookup } from "./lookup.js";

describe("serverAddress", () => {
  test.each([
    ["192.0.2.1:53", [4, Uint8Array.of(192, 0, 2, 1), 53]],
    ["[::1]:5353", [6, Uint8Array.of(...new Array<number>(15).fill(0), 1), 5353, ""]],
    [
      "[fe80::1%eth0]:65535",
      [6, Uint8Array.of(0xfe, 0x80, ...new Array<number>(13).fill(0), 1), 65535, "eth0"],
    ],
  ])("reads %s", (text, want) => {
    expect(serverAddress(text)).toEqual(want);
  });

  test.each([
    "",
    "192.0.2.1",
    "192.0.2.1:",
    "192.0.2.1:0",
    "192.0.2.1:65536",
    "192.0.2.1:+53",
    "localhost:53",
    "::1:53",
    "[192.0.2.1:53",
    "[::1]53",
    "127.1:53",
    ":53",
  ])("refuses %j, and so does Lookup", (text) => {
    expect(() => serverAddress(text)).toThrow(TypeError);
    expect(() => new Lookup({ servers: [text] })).toThrow("not the address of a name server");
  });
});

describe("dnsSockets", () => {
  test("describe no error but those of their sockets", () => {
    const bug = new RangeError("bug");
    expect(() => dnsSockets.describe(bug)).toThrow(bug);
  });

  test("give numbers that cannot be guessed", () => {
    const ids = Array.from({ length: 200 }, () => dnsSockets.id());
    expect(ids.every((id) => Number.isInteger(id) && id >= 0 && id < 2 ** 16)).toBe(true);
    expect(new Set(ids).size).toBeGreaterThan(150);
  });
});
