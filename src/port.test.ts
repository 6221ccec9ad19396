import { describe, expect, test } from "vitest";
import { AddrError, UnknownNetworkError } from "./net.js";
import {
  checkPort,
  lookupPortIn,
  lookupPortMap,
  lookupProtocolMap,
  parseNetwork,
  parsePort,
  portNetwork,
} from "./port.js";

const addrError = (Err: string, Addr: string): AddrError => new AddrError({ Err, Addr });

// As Go answers, to the oddest.
test.each<[string, number, boolean]>([
  ["", 0, false],
  ["0", 0, false],
  ["80", 80, false],
  ["+80", 80, false],
  ["-80", -80, false],
  ["00080", 80, false],
  ["65536", 65536, false],
  ["+", 0, false],
  ["-", 0, false],
  ["http", 0, true],
  ["80x", 0, true],
  ["++80", 0, true],
  [" 80", 0, true],
  ["８０", 0, true],
  ["1073741823", 1073741823, false],
  ["1073741824", 1073741823, false],
  ["-1073741824", -1073741824, false],
  ["-1073741825", -1073741824, false],
  ["10737418250x", 1073741823, false],
  ["1073741825x", 0, true],
  ["4294967376", 80, false],
  ["99999999999999999999", 1073741823, false],
])("parsePort(%j) = %s, %s", (service, port, needsLookup) => {
  expect(parsePort(service)).toEqual([port, needsLookup]);
});

describe("ports", () => {
  test("checkPort lets through what a port can be", () => {
    expect([checkPort(0, "0"), checkPort(65535, "65535")]).toEqual([0, 65535]);
    expect(() => checkPort(65536, "65536")).toThrow(addrError("invalid port", "65536"));
    expect(() => checkPort(-1, "-1")).toThrow(addrError("invalid port", "-1"));
  });

  test("names are looked up in the table, in ASCII's upper and lower case", () => {
    expect(lookupPortMap("tcp", "http")).toBe(80);
    expect(lookupPortMap("tcp6", "HTTPS")).toBe(443);
    expect(lookupPortMap("udp4", "domain")).toBe(53);
    expect(() => lookupPortMap("udp", "http")).toThrow(addrError("unknown port", "udp/http"));
    // The Kelvin sign is a small k to toLowerCase.
    const table = new Map([
      [
        "tcp",
        new Map([
          ["kelvin", 1],
          ["x".repeat(26), 2],
        ]),
      ],
    ]);
    expect(lookupPortMap("tcp", "KELVIN", table)).toBe(1);
    expect(() => lookupPortMap("tcp", "\u212aelvin", table)).toThrow(AddrError);
    expect(() => lookupPortMap("tcp", "x".repeat(26), table)).toThrow(AddrError);
  });

  test("lookupPortIn", () => {
    expect(lookupPortIn("tcp", "http")).toBe(80);
    expect(lookupPortIn("anything", "80")).toBe(80);
    expect(() => lookupPortIn("anything", "http")).toThrow(addrError("unknown network", "anything"));
    expect(() => lookupPortIn("", "http")).toThrow(addrError("unknown port", "ip/http"));
    expect(() => lookupPortIn("tcp", "70000")).toThrow(addrError("invalid port", "70000"));
    expect(() => portNetwork("unix")).toThrow(addrError("unknown network", "unix"));
  });
});

describe("parseNetwork", () => {
  test.each<[string, boolean, [string, number]]>([
    ["tcp", true, ["tcp", 0]],
    ["udp6", true, ["udp6", 0]],
    ["unixgram", true, ["unixgram", 0]],
    ["ip", false, ["ip", 0]],
    ["ip4:icmp", true, ["ip4", 1]],
    ["ip6:IPv6-ICMP", true, ["ip6", 58]],
    ["ip:89", true, ["ip", 89]],
    ["ip:300", true, ["ip", 300]],
  ])("%s", (network, needsProto, want) => {
    expect(parseNetwork(network, needsProto)).toEqual(want);
  });

  test.each([
    ["", false],
    ["TCP", false],
    ["tcp5", false],
    ["tcp4 ", false],
    ["unix4", false],
    ["tcp:80", false],
    ["ip5:1", false],
    ["ip:4:1", false],
    ["ip", true],
    ["ip6", true],
    [":1", true],
  ])("%j with a protocol needed: %s is unknown", (network, needsProto) => {
    expect(() => parseNetwork(network, needsProto)).toThrow(new UnknownNetworkError(network));
  });

  test("a protocol's name goes through lookup, a number does not", () => {
    const asked: string[] = [];
    const lookup = async (name: string): Promise<number> => asked.push(name);
    expect(parseNetwork("ip:ospf", true, lookup)).toEqual(["ip", expect.any(Promise)]);
    expect(parseNetwork("ip:1", true, lookup)).toEqual(["ip", 1]);
    expect(parseNetwork("ip:", true, lookup)).toEqual(["ip", expect.any(Promise)]);
    expect(asked).toEqual(["ospf", ""]);
    expect(() => lookupProtocolMap("nosuch")).toThrow(addrError("unknown IP protocol specified", "nosuch"));
    expect(() => parseNetwork("ip:nosuch", false)).toThrow(
      addrError("unknown IP protocol specified", "nosuch"),
    );
  });
});
