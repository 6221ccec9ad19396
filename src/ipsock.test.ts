import { describe, expect, test } from "vitest";
import { isDomainName, JoinHostPort, SplitHostPort } from "./ipsock.js";
import { AddrError } from "./net.js";

describe("SplitHostPort", () => {
  test.each([
    ["localhost:http", "localhost", "http"],
    ["[::1%lo]:80", "::1%lo", "80"],
    ["[]:", "", ""],
    [":", "", ""],
    ["a%b:80", "a%b", "80"],
    ["é:ü", "é", "ü"],
  ])("%j is %j and %j", (s, host, port) => {
    expect(SplitHostPort(s)).toEqual([host, port]);
  });

  test.each([
    ["", "missing port in address"],
    ["localhost", "missing port in address"],
    ["[::1]", "missing port in address"],
    ["[::1]80", "missing port in address"],
    ["[::1", "missing ']' in address"],
    ["::1:80", "too many colons in address"],
    ["[a]:1:2", "too many colons in address"],
    ["[a]b:1", "missing port in address"],
    ["a[b:1", "unexpected '[' in address"],
    ["[[a]:1", "unexpected '[' in address"],
    ["[a]:[1", "unexpected '[' in address"],
    ["a]:1", "unexpected ']' in address"],
    ["[a]]:1", "missing port in address"],
    ["[a]:1]", "unexpected ']' in address"],
  ])("%j: %s", (s, err) => {
    expect(() => SplitHostPort(s)).toThrow(new AddrError({ Err: err, Addr: s }));
  });
});

test("JoinHostPort puts what has a colon in brackets", () => {
  expect(["a", "1.2.3.4", "::1", "::1%lo", "", "%"].map((h) => JoinHostPort(h, "80"))).toEqual([
    "a:80",
    "1.2.3.4:80",
    "[::1]:80",
    "[::1%lo]:80",
    ":80",
    "%:80",
  ]);
});

describe("isDomainName", () => {
  const label = "a".repeat(63);
  const long = `${label}.${label}.${label}.${"a".repeat(61)}`;
  test.each([
    ".",
    "a",
    "a.",
    "localhost",
    "example.com",
    "_x._tcp.example.com",
    "1a.2",
    "a-b",
    "1-2",
    "_",
    label,
    long,
    `${long}.`,
  ])("%s is one", (s) => {
    expect(isDomainName(s)).toBe(true);
  });

  test.each([
    "",
    "..",
    "a..b",
    ".a",
    "-a",
    "a-",
    "a-.b",
    "a.-b",
    "1",
    "127.1",
    "0177.0.0.1",
    "2130706433",
    "a b",
    "a\0b",
    "a\n",
    "ex*ample",
    "é",
    "１２７.0.0.1",
    "a/b",
    "a:b",
    "[a]",
    `${label}a`,
    `${long}a`,
    `${long}a.`,
  ])("%j is none", (s) => {
    expect(isDomainName(s)).toBe(false);
  });
});
