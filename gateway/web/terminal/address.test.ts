import { expect, test } from "vitest";
import { formatDestination, parseDestination } from "./address.js";

test.each([
  ["host", "ssh", { kind: "ssh", user: "", address: "host:22" }],
  ["me@host", "ssh", { kind: "ssh", user: "me", address: "host:22" }],
  [" me@host:2222 ", "ssh", { kind: "ssh", user: "me", address: "host:2222" }],
  ["me@corp@host", "ssh", { kind: "ssh", user: "me@corp", address: "host:22" }],
  ["ssh://me@[::1]:2222/", "telnet", { kind: "ssh", user: "me", address: "[::1]:2222" }],
  ["::1", "ssh", { kind: "ssh", user: "", address: "[::1]:22" }],
  ["[fe80::1%eth0]", "ssh", { kind: "ssh", user: "", address: "[fe80::1%eth0]:22" }],
  ["telnet://host", "ssh", { kind: "telnet", user: "", address: "host:23" }],
  ["tcp://host:7", "ssh", { kind: "tcp", user: "", address: "host:7" }],
  ["host", "tcp", { kind: "tcp", user: "", address: "host" }],
  ["javascript://alert(1)", "ssh", { kind: "ssh", user: "", address: "javascript://alert(1)" }],
  ["", "ssh", { kind: "ssh", user: "", address: "" }],
] as const)("%j, where %s is meant", (text, kind, destination) => {
  expect(parseDestination(text, kind)).toEqual(destination);
});

test("what was written is read again", () => {
  for (const text of ["ssh://me@host:22", "telnet://[::1]:23", "tcp://host:7"]) {
    expect(formatDestination(parseDestination(text, "ssh"))).toBe(text);
  }
});
