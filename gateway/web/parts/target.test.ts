import { expect, test } from "vitest";
import { isNetwork, parseTarget } from "./target.js";

test.each([
  ["localhost:80", "tcp", "localhost:80"],
  ["  localhost:80\n", "tcp", "localhost:80"],
  ["tcp4://localhost:80", "tcp4", "localhost:80"],
  ["tcp6://[::1]:80/", "tcp6", "[::1]:80"],
  ["localhost 80", "tcp", "localhost:80"],
  ["::1 22", "tcp", "[::1]:22"],
  ["[::1] 22", "tcp", "[::1]:22"],
  // What is wrong stays as it is: Dial says what it is.
  ["localhost", "tcp", "localhost"],
  ["http://localhost", "tcp", "http://localhost"],
  ["udp://localhost:53", "tcp", "udp://localhost:53"],
  ["a b c", "tcp", "a b c"],
  ["", "tcp", ""],
])("parseTarget(%j)", (text, network, address) => {
  expect(parseTarget(text, "tcp")).toEqual({ network, address });
});

test("parseTarget keeps the network that was chosen if the text names none", () => {
  expect(parseTarget("a:1", "tcp6").network).toBe("tcp6");
});

test("isNetwork", () => {
  expect(["tcp", "tcp4", "tcp6"].every(isNetwork)).toBe(true);
  expect(["", "udp", "toString", undefined, 4].some(isNetwork)).toBe(false);
});
