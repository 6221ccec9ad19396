import { describe, expect, test } from "vitest";
import { linkIn, routeOf } from "./links.js";

describe("E15: a link fills in a form and does nothing else", () => {
  test.each([
    ["gonet://dial?address=localhost:80", "#/tcp?target=localhost%3A80&network=tcp"],
    ["gonet://dial/?network=tcp6&address=[::1]:22", "#/tcp?target=%5B%3A%3A1%5D%3A22&network=tcp6"],
    ["gonet://dial?address=example.com:http", "#/tcp?target=example.com%3Ahttp&network=tcp"],
  ])("%s shows %s", (link, route) => {
    expect(routeOf(link)).toBe(route);
  });

  test.each([
    "gonet://dial",
    "gonet://dial?address=",
    "gonet://dial?address=localhost",
    "gonet://dial?address=a%20b:80",
    "gonet://dial?address=a%0d%0a:80",
    "gonet://dial?address=%E2%80%AEmoc:80",
    "gonet://dial?address=a:80&network=unix",
    "gonet://dial?address=a:80&network=udp",
    "gonet://dial?address=a:80&connect=1",
    "gonet://dial?address=a:80#/terminal",
    "gonet://user@dial?address=a:80",
    "gonet://dial:1?address=a:80",
    "gonet://dial/more?address=a:80",
    "gonet://listen?address=a:80",
    "gonet://",
    "gonet:dial?address=a:80",
    "https://dial?address=a:80",
    `gonet://dial?address=${"a".repeat(300)}:80`,
    `gonet://dial?address=a:80&network=${"x".repeat(2_000)}`,
  ])("%j is no link", (link) => {
    expect(routeOf(link)).toBeNull();
  });

  test("arguments that are no links mean nothing", () => {
    expect(linkIn(["/usr/bin/gonet", "--inspect", "file:///x", "localhost:80"])).toBeNull();
    expect(linkIn(["/usr/bin/gonet", "gonet://dial?address=a:1", "gonet://dial?address=b:2"])).toBe(
      "gonet://dial?address=a:1",
    );
  });
});
