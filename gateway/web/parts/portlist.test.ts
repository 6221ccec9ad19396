import { expect, test } from "vitest";
import { PortListError, parsePortList } from "./portlist.js";

test.each([
  ["80", [80], []],
  ["22, 80,443", [22, 80, 443], []],
  ["443 80;22\n80", [22, 80, 443], []],
  ["8000-8003,8001", [8000, 8001, 8002, 8003], []],
  ["1-1", [1], []],
  ["65535", [65535], []],
  ["ssh, http ssh", [], ["ssh", "http"]],
  ["ms-sql-s 1", [1], ["ms-sql-s"]],
  // What is no number is a name, and whoever looks it up says so.
  ["-1", [], ["-1"]],
  ["80-", [], ["80-"]],
  ["0x50", [], ["0x50"]],
])("%j", (text, ports, names) => {
  expect(parsePortList(text)).toEqual({ ports, names });
});

test("all of them", () => {
  expect(parsePortList("1-65535").ports).toHaveLength(65_535);
});

test.each([
  ["", "no ports"],
  [" ,; ", "no ports"],
  ["0", "0 is no port"],
  ["65536", "65536 is no port"],
  ["1-65536", "65536 is no port"],
  ["99999999999999999999", "is no port"],
  ["90-80", "runs backwards"],
])("%j is wrong: %s", (text, what) => {
  expect(() => parsePortList(text)).toThrow(PortListError);
  expect(() => parsePortList(text)).toThrow(what);
});
