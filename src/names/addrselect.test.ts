import { describe, expect, test } from "vitest";
import { ParseIP } from "../ip.js";
import type { SockAddr } from "../wire/sockaddr.js";
import { inOrder } from "./addrselect.js";

function address(text: string): SockAddr {
  const ip = ParseIP(text);
  if (ip === null) throw new Error(`not an address: ${text}`);
  const v4 = ip.To4();
  return v4 === null ? [6, new Uint8Array(ip), 0, ""] : [4, new Uint8Array(v4), 0];
}

// Destinations with the source for each ("" if there is no way), and the order wanted. The first six are the examples of
// RFC 6724, 10.2, as far as they need no knowledge of deprecated, home or encapsulated addresses.
const cases: readonly [
  what: string,
  ways: readonly (readonly [to: string, from: string])[],
  want: readonly string[],
][] = [
  [
    "global IPv6 before link-local IPv4 source",
    [
      ["198.51.100.121", "169.254.13.78"],
      ["2001:db8:1::1", "2001:db8:1::2"],
    ],
    ["2001:db8:1::1", "198.51.100.121"],
  ],
  [
    "IPv4 before IPv6 from link-local",
    [
      ["2001:db8:1::1", "fe80::1"],
      ["198.51.100.121", "198.51.100.117"],
    ],
    ["198.51.100.121", "2001:db8:1::1"],
  ],
  [
    "IPv6 before IPv4 where both fit",
    [
      ["10.1.2.3", "10.1.2.4"],
      ["2001:db8:1::1", "2001:db8:1::2"],
    ],
    ["2001:db8:1::1", "10.1.2.3"],
  ],
  [
    "the smaller scope first",
    [
      ["2001:db8:1::1", "2001:db8:1::2"],
      ["fe80::1", "fe80::2"],
    ],
    ["fe80::1", "2001:db8:1::1"],
  ],
  [
    "the matching label first",
    [
      ["2001:db8:1::1", "2002:c633:6401::2"],
      ["2002:c633:6401::1", "2002:c633:6401::2"],
    ],
    ["2002:c633:6401::1", "2001:db8:1::1"],
  ],
  [
    "the higher precedence first",
    [
      ["2002:c633:6401::1", "2002:c633:6401::2"],
      ["2001:db8:1::1", "2001:db8:1::2"],
    ],
    ["2001:db8:1::1", "2002:c633:6401::1"],
  ],
  [
    "what cannot be reached last",
    [
      ["2001:db8::1", ""],
      ["192.0.2.1", "192.0.2.2"],
      ["2001:db8::2", ""],
    ],
    ["192.0.2.1", "2001:db8::1", "2001:db8::2"],
  ],
  [
    "nothing can be reached: as it was",
    [
      ["192.0.2.9", ""],
      ["2001:db8::1", ""],
      ["192.0.2.1", ""],
    ],
    ["192.0.2.9", "2001:db8::1", "192.0.2.1"],
  ],
  [
    "::1 before 127.0.0.1",
    [
      ["127.0.0.1", "127.0.0.1"],
      ["::1", "::1"],
    ],
    ["::1", "127.0.0.1"],
  ],
  [
    "the longer common prefix first",
    [
      ["2001:db8:2::1", "2001:db8:1::5"],
      ["2001:db8:1::1", "2001:db8:1::5"],
    ],
    ["2001:db8:1::1", "2001:db8:2::1"],
  ],
  [
    "the interface's part of a prefix does not count",
    [
      ["2001:db8:1::f000", "2001:db8:1::1"],
      ["2001:db8:1::2", "2001:db8:1::1"],
    ],
    ["2001:db8:1::f000", "2001:db8:1::2"],
  ],
  [
    "IPv4 keeps the server's order",
    [
      ["192.0.2.200", "192.0.2.1"],
      ["192.0.2.2", "192.0.2.1"],
    ],
    ["192.0.2.200", "192.0.2.2"],
  ],
  [
    "unique local after global IPv4",
    [
      ["fd00::1", "fd00::2"],
      ["192.0.2.1", "192.0.2.2"],
    ],
    ["192.0.2.1", "fd00::1"],
  ],
  [
    "Teredo, site-local, 6bone, IPv4-compatible last",
    [
      ["::192.0.2.1", "::192.0.2.2"],
      ["2001::1", "2001::2"],
      ["2001:db8::1", "2001:db8::2"],
    ],
    ["2001:db8::1", "2001::1", "::192.0.2.1"],
  ],
  [
    "multicast says its scope",
    [
      ["ff0e::1", "2001:db8::2"],
      ["ff02::1", "fe80::1"],
    ],
    ["ff02::1", "ff0e::1"],
  ],
];

describe("inOrder", () => {
  test.each(cases)("%s", (_, ways, want) => {
    const sources = ways.map(([, from]) => (from === "" ? null : address(from)));
    const sorted = inOrder(
      ways.map(([to]) => address(to)),
      sources,
    );
    expect(sorted).toEqual(want.map(address));
  });

  test("takes IPv4 in 16 bytes for IPv4, and gives it back as it is", () => {
    const inSixteen: SockAddr = [6, new Uint8Array(ParseIP("127.0.0.1") ?? []), 0, ""];
    expect(inOrder([inSixteen, address("::1")], [address("127.0.0.1"), address("::1")])).toEqual([
      address("::1"),
      inSixteen,
    ]);
  });
});
