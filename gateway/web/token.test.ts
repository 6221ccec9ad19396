import { expect, test } from "vitest";
import { formatRoute, parseRoute } from "./route.js";
import { tokenInHash, tokenInPaste } from "./token.js";

test.each([
  ["", null, false, ""],
  ["#/tcp?target=a:1", null, false, "#/tcp?target=a:1"],
  ["#token=abc-_.~+/=", "abc-_.~+/=", true, ""],
  ["#token=a%2Fb", "a/b", true, ""],
  ["#token=abc&/tcp?target=a:1&network=tcp4", "abc", true, "#/tcp?target=a:1&network=tcp4"],
  // Something that can't be a token is erased all the same.
  ["#token=", null, true, ""],
  ["#token=%", null, true, ""],
  ["#token=a b", null, true, ""],
  ["#token=%00", null, true, ""],
])("tokenInHash(%j)", (hash, token, isPresent, rest) => {
  expect(tokenInHash(hash)).toEqual({ token, isPresent, rest });
});

test.each([
  ["abc", "abc"],
  ["  abc\n", "abc"],
  ["gonet is ready: http://127.0.0.1:8080/#token=abc\n", "abc"],
  ["", null],
  ["two words", null],
  ["http://127.0.0.1:8080/", null],
])("tokenInPaste(%j)", (text, token) => {
  expect(tokenInPaste(text)).toBe(token);
});

test.each([
  ["#/tcp", { tool: "tcp", params: {} }],
  ["#/tcp?target=localhost:80", { tool: "tcp", params: { target: "localhost:80" } }],
  ["#/tcp?target=[::1]:80&network=tcp6", { tool: "tcp", params: { target: "[::1]:80", network: "tcp6" } }],
  ["#/tcp?target=a%26b%23c%25", { tool: "tcp", params: { target: "a&b#c%" } }],
])("route %s, and back", (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
  expect(formatRoute(route)).toBe(hash);
});

test.each(["", "#", "#tcp", "#/", "#/TCP", "#/../x", "#token=abc"])("%j is no route", (hash) => {
  expect(parseRoute(hash)).toBeNull();
});

test("empty parameters are left away", () => {
  expect(formatRoute({ tool: "tcp", params: { target: "a:1", network: "" } })).toBe("#/tcp?target=a:1");
});
