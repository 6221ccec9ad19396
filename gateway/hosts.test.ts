import { describe, expect, test } from "vitest";
import { Hosts } from "./hosts.js";
import { parseIP } from "./iptext.js";

const hosts = new Hosts(
  [
    "# comment",
    "127.0.0.1\tlocalhost  Loop.Test # more",
    "::1 localhost",
    "192.0.2.1 a.test a.test.\r",
    "fe80::1%eth0 zoned",
    "0:0:0::1 again",
    "300.0.0.1 bad",
    "192.0.2.2",
    "  ",
    "192.0.2.3 name\u00a0with\u00a0blanks",
    "192.0.2.4 __proto__ constructor",
    "192.0.2.5 last",
  ].join("\n"),
);

const ips = (...texts: string[]) => texts.map(parseIP);

describe("Hosts", () => {
  test.each([
    ["localhost", ips("127.0.0.1", "::1")],
    ["LOCALHOST", ips("127.0.0.1", "::1")],
    ["localhost.", []], // a name without dots is local: this is another one
    ["loop.test", ips("127.0.0.1")],
    ["Loop.TEST.", ips("127.0.0.1")],
    ["a.test", ips("192.0.2.1", "192.0.2.1")],
    ["zoned", ips("fe80::1%eth0")],
    ["again", ips("::1")],
    ["bad", []],
    ["name\u00a0with\u00a0blanks", ips("192.0.2.3")],
    ["__proto__", ips("192.0.2.4")],
    ["toString", []],
    ["last", ips("192.0.2.5")],
    ["#", []],
    ["", []],
  ])("has the addresses of %j", (name, want) => {
    expect(hosts.addresses(name)).toEqual(want);
  });

  test.each([
    ["127.0.0.1", ["localhost", "Loop.Test."]],
    ["::ffff:127.0.0.1", ["localhost", "Loop.Test."]],
    ["::1", ["localhost", "again"]],
    ["fe80::1%eth0", ["zoned"]],
    ["fe80::1", []],
    ["fe80::1%eth1", []],
    ["192.0.2.2", []],
    ["127.1", []],
    ["localhost", []],
  ])("has the names of %s", (address, want) => {
    expect(hosts.names(address)).toEqual(want);
  });
});
