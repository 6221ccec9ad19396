import { describe, expect, test } from "vitest";
import { parseResolvConf, type ResolvConf } from "./resolvconf.js";

const usual: ResolvConf = {
  servers: ["127.0.0.1:53", "[::1]:53"],
  search: [],
  ndots: 1,
  timeoutMs: 5000,
  attempts: 2,
  rotate: false,
  singleRequest: false,
  useTCP: false,
  hasUnknown: false,
};

describe("parseResolvConf", () => {
  test.each<[what: string, text: string | null, want: Partial<ResolvConf>]>([
    ["no file", null, {}],
    ["an empty file", "", {}],
    ["comments", "; nameserver 192.0.2.1\n# nameserver 192.0.2.1\n", {}],
    [
      "servers, three at most",
      "nameserver 192.0.2.1\nnameserver 2001:db8::1 more\nnameserver fe80::1%lo\nnameserver 192.0.2.2",
      {
        servers: ["192.0.2.1:53", "[2001:db8::1]:53", "[fe80::1%lo]:53"],
      },
    ],
    [
      "servers that are no addresses",
      "nameserver\nnameserver localhost\nnameserver 127.1\nnameserver 192.0.2.9\r\n",
      { servers: ["192.0.2.9:53"] },
    ],
    ["a list to search in", "search a.test b.test. c", { search: ["a.test.", "b.test.", "c."] }],
    ["a domain", "domain a.test b.test", { search: ["a.test."] }],
    ["the last of both", "domain a.test\nsearch b.test c.test\n", { search: ["b.test.", "c.test."] }],
    ["an empty search", "search a.test\nsearch", {}],
    [
      "options",
      "options ndots:3 timeout:7 attempts:4 rotate",
      { ndots: 3, timeoutMs: 7000, attempts: 4, rotate: true },
    ],
    [
      "options on two lines",
      "options rotate\noptions single-request use-vc",
      { rotate: true, singleRequest: true, useTCP: true },
    ],
    ["other names of options", "options single-request-reopen usevc", { singleRequest: true, useTCP: true }],
    ["tcp", "options tcp", { useTCP: true }],
    [
      "numbers below the least",
      "options ndots:-1 timeout:0 attempts:-5",
      { ndots: 0, timeoutMs: 1000, attempts: 1 },
    ],
    ["numbers over the most", "options ndots:99", { ndots: 15 }],
    ["numbers with something behind", "options ndots:2x timeout:3s", { ndots: 2, timeoutMs: 3000 }],
    ["no numbers", "options ndots: timeout:x", { ndots: 0, timeoutMs: 1000 }],
    ["an unknown option", "options edns0", { hasUnknown: true }],
    ["an unknown keyword", "sortlist 192.0.2.0", { hasUnknown: true }],
    ["what is only known on OpenBSD", "lookup file bind", {}],
    ["blanks and tabs", "\tnameserver\t 192.0.2.1 \n", { servers: ["192.0.2.1:53"] }],
  ])("%s", (_, text, want) => {
    expect(parseResolvConf(text, "host")).toEqual({ ...usual, ...want });
  });

  test.each([
    ["host.a.test", ["a.test."]],
    ["host.a.test.", ["a.test."]],
    ["host.", []],
    ["host", []],
  ])("searches in the domain of the host %s", (host, search) => {
    expect(parseResolvConf("nameserver 192.0.2.1", host).search).toEqual(search);
  });
});
