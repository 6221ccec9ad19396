import * as net from "gonet";
import { describe, expect, test } from "vitest";
import { isKindName, kinds, serverAddress } from "./lookups.js";

const query = { name: "a.test", service: "sip", proto: "udp", network: "tcp" };

describe("a lookup", () => {
  test.each([
    [kinds.host, 'LookupHost("a.test")'],
    [kinds.ip4, 'LookupIP("ip4", "a.test")'],
    [kinds.srv, 'LookupSRV("sip", "udp", "a.test")'],
    [kinds.port, 'LookupPort("tcp", "a.test")'],
  ])("is called as in Go", (kind, call) => {
    expect(kind.call(query)).toBe(call);
  });

  test("is quoted, whatever the name", () => {
    expect(kinds.txt.call({ ...query, name: 'a"\n' })).toBe('LookupTXT("a\\"\\n")');
  });

  test("of several values has a column for each", () => {
    const servers = [new net.SRV({ Target: "b.", Port: 5060, Priority: 1, Weight: 2 })];
    expect(kinds.srv.answer(["_sip._udp.a.test.", servers])).toEqual({
      columns: ["Priority", "Weight", "Port", "Target"],
      rows: [["1", "2", "5060", "b."]],
      note: "found under _sip._udp.a.test.",
    });
    expect(kinds.mx.answer([new net.MX({ Host: "m.", Pref: 10 })] as never).rows).toEqual([["10", "m."]]);
    expect(kinds.port.answer(443 as never).rows).toEqual([["443"]]);
    expect(kinds.ip6.answer([net.ParseIP("::1")] as never).rows).toEqual([["::1"]]);
  });
});

test("isKindName", () => {
  expect(["host", "srv", "addr"].every(isKindName)).toBe(true);
  expect(["", "usual", "toString", null, 1].some(isKindName)).toBe(false);
});

test.each([
  ["192.0.2.53", "192.0.2.53:53"],
  ["192.0.2.53:5353", "192.0.2.53:5353"],
  ["ns.example", "ns.example:53"],
  ["::1", "[::1]:53"],
  ["[::1]", "[::1]:53"],
  ["[::1]:5353", "[::1]:5353"],
  ["fe80::1%eth0", "[fe80::1%eth0]:53"],
])("a name server written as %s", (server, address) => {
  expect(serverAddress(server)).toBe(address);
});
