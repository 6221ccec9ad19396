import { describe, expect, test } from "vitest";
import {
  CIDRMask,
  IP,
  IPMask,
  IPNet,
  IPv4,
  IPv4allrouter,
  IPv4allsys,
  IPv4bcast,
  IPv4Mask,
  IPv4zero,
  IPv6interfacelocalallnodes,
  IPv6linklocalallnodes,
  IPv6linklocalallrouters,
  IPv6loopback,
  IPv6unspecified,
  IPv6zero,
  ParseCIDR,
  ParseIP,
  parseIPZone,
  splitHostZone,
} from "./ip.js";
import { AddrError, ParseError } from "./net.js";

function ip(s: string): IP {
  const parsed = ParseIP(s);
  if (parsed === null) {
    throw new TypeError(`${s} is no address`);
  }
  return parsed;
}

describe("ParseIP", () => {
  test.each([
    ["127.0.0.1", "127.0.0.1"],
    ["::ffff:127.0.0.1", "127.0.0.1"],
    ["::FFFF:7f00:1", "127.0.0.1"],
    ["2001:DB8::68", "2001:db8::68"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:0:0:2:3:0:0:4", "1::2:3:0:0:4"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ])("%s is %s", (s, want) => {
    expect(ip(s).String()).toBe(want);
    expect(ip(s).length).toBe(16);
    expect(ip(want)).toEqual(ip(s));
  });

  test.each([
    "",
    ".",
    ":",
    ":::",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.04",
    "0x7f.0.0.1",
    "127.1",
    " 1.2.3.4",
    "1.2.3.4 ",
    "1.2.3.-4",
    "1.2..4",
    "１.2.3.4",
    "1.2.3.٣",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4::5:6:7:8",
    ":1::",
    "1:::2",
    "::1:",
    "g::",
    "00001::",
    "::1.2.3",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "1:2:3:4:5:6:7:1.2.3.4",
    "::1%eth0",
    "[::1]",
    "::\u00e9",
    "fe80::\n",
    `${"1:".repeat(100_000)}1`,
  ])("%j is none", (s) => {
    expect(ParseIP(s)).toBe(null);
  });
});

describe("IP", () => {
  test("is bytes, and what is cut from it is an IP", () => {
    const a = IPv4(192, 0, 2, 1);
    expect(a).toBeInstanceOf(Uint8Array);
    for (const part of [a.subarray(12), a.slice(), a.map((b) => b), IP.from([1, 2]), IP.of(1), new IP(a)]) {
      expect(part).toBeInstanceOf(IP);
    }
    expect([`${a}`, JSON.stringify({ a }), JSON.stringify(new IP())]).toEqual([
      "192.0.2.1",
      '{"a":"192.0.2.1"}',
      '""',
    ]);
  });

  test("To4 shares memory, Mask and ParseIP do not", () => {
    const a = IPv4(192, 0, 2, 1);
    const v4 = a.To4();
    a[15] = 9;
    expect(v4?.String()).toBe("192.0.2.9");
    expect(v4?.To4()).toBe(v4);
    const masked = a.Mask(CIDRMask(32, 32));
    a[15] = 7;
    expect(masked?.String()).toBe("192.0.2.9");
    expect(ip("::1").To4()).toBe(null);
    expect(new IP(5).To4()).toBe(null);
  });

  test("To16 shares memory if it is 16 bytes long", () => {
    const a = ip("2001:db8::1");
    expect(a.To16()).toBe(a);
    expect(IP.of(192, 0, 2, 1).To16()).toEqual(IPv4(192, 0, 2, 1));
    expect(new IP(3).To16()).toBe(null);
  });

  test("String of what is no address", () => {
    expect([new IP(), new IP(3), IP.of(0xab), new IP(17)].map(String)).toEqual([
      "<nil>",
      "?000000",
      "?ab",
      `?${"00".repeat(17)}`,
    ]);
  });

  test("Equal knows both lengths of an IPv4 address", () => {
    const short = IP.of(192, 0, 2, 1);
    const long = IPv4(192, 0, 2, 1);
    expect([short.Equal(long), long.Equal(short), long.Equal(long), short.Equal(short)]).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect([
      short.Equal(ip("::c000:201")),
      short.Equal(null),
      new IP().Equal(null),
      new IP().Equal(new IP()),
    ]).toEqual([false, false, true, true]);
    expect(long.Equal(new IP(5))).toBe(false);
  });

  test("Mask takes masks of both lengths", () => {
    const a = IP.of(192, 0, 2, 129);
    expect(a.Mask(IPv4Mask(255, 255, 255, 128))?.String()).toBe("192.0.2.128");
    expect(a.Mask(CIDRMask(121, 128))?.String()).toBe("192.0.2.128");
    expect(a.Mask(CIDRMask(95, 128))).toBe(null);
    expect(IPv4(192, 0, 2, 129).Mask(IPv4Mask(255, 0, 0, 0))).toEqual(IP.of(192, 0, 0, 0));
    expect(ip("2001:db8::1").Mask(CIDRMask(32, 32))).toBe(null);
    expect(ip("2001:db8::1").Mask(CIDRMask(16, 128))?.String()).toBe("2001::");
    expect(a.Mask(null)).toBe(null);
  });

  // One row per edge of a range: the last outside, the first inside.
  test.each<[string, string]>([
    ["0.0.0.0", "unspecified"],
    ["0.0.0.1", "global"],
    ["126.255.255.255", "global"],
    ["127.0.0.0", "loopback"],
    ["128.0.0.0", "global"],
    ["9.255.255.255", "global"],
    ["10.0.0.0", "global private"],
    ["172.15.255.255", "global"],
    ["172.16.0.0", "global private"],
    ["172.31.255.255", "global private"],
    ["172.32.0.0", "global"],
    ["192.168.0.0", "global private"],
    ["192.169.0.0", "global"],
    ["169.254.0.0", "linklocal"],
    ["169.255.0.0", "global"],
    ["223.255.255.255", "global"],
    ["224.0.0.255", "multicast linkmulticast"],
    ["224.0.1.0", "multicast"],
    ["239.255.255.255", "multicast"],
    ["240.0.0.0", "global"],
    ["255.255.255.255", ""],
    ["::", "unspecified"],
    ["::1", "loopback"],
    ["::2", "global"],
    ["fbff::", "global"],
    ["fc00::", "global private"],
    ["fdff::", "global private"],
    ["fe7f::", "global"],
    ["fe80::", "linklocal"],
    ["febf::", "linklocal"],
    ["fec0::", "global"],
    ["ff01::1", "multicast interfacemulticast"],
    ["ff02::1", "multicast linkmulticast"],
    ["ff12::1", "multicast linkmulticast"],
    ["ff05::1", "multicast"],
  ])("%s is %s", (s, want) => {
    const kinds = (a: IP): string =>
      [
        a.IsUnspecified() && "unspecified",
        a.IsLoopback() && "loopback",
        a.IsMulticast() && "multicast",
        a.IsInterfaceLocalMulticast() && "interfacemulticast",
        a.IsLinkLocalMulticast() && "linkmulticast",
        a.IsLinkLocalUnicast() && "linklocal",
        a.IsGlobalUnicast() && "global",
        a.IsPrivate() && "private",
      ]
        .filter(Boolean)
        .join(" ");
    expect(kinds(ip(s))).toBe(want);
    const v4 = ip(s).To4();
    if (v4 !== null) {
      expect(kinds(v4)).toBe(want);
    }
  });

  test("DefaultMask is the mask of the class", () => {
    const masks = ["127.0.0.1", "128.0.0.1", "191.0.0.1", "192.0.0.1", "255.0.0.1"].map(
      (s) => `${ip(s).DefaultMask()}`,
    );
    expect(masks).toEqual(["ff000000", "ffff0000", "ffff0000", "ffffff00", "ffffff00"]);
    expect(ip("::1").DefaultMask()).toBe(null);
  });

  test("text and back", () => {
    const text = new TextEncoder().encode("2001:db8::1");
    expect(ip("2001:db8::1").MarshalText()).toEqual(text);
    expect(new IP().MarshalText()).toEqual(new Uint8Array());
    expect(() => IP.of(1, 2, 3).MarshalText()).toThrow(
      new AddrError({ Err: "invalid IP address", Addr: "010203" }),
    );
    expect(ip("::1").AppendText(new TextEncoder().encode("ip="))).toEqual(new TextEncoder().encode("ip=::1"));
    expect(new IP().UnmarshalText(text)?.String()).toBe("2001:db8::1");
    expect(new IP().UnmarshalText("")).toBe(null);
    expect(() => new IP().UnmarshalText("1.2.3")).toThrow(
      new ParseError({ Type: "IP address", Text: "1.2.3" }),
    );
  });
});

test("the well-known addresses", () => {
  const all = [
    IPv4bcast,
    IPv4allsys,
    IPv4allrouter,
    IPv4zero,
    IPv6zero,
    IPv6unspecified,
    IPv6loopback,
    IPv6interfacelocalallnodes,
    IPv6linklocalallnodes,
    IPv6linklocalallrouters,
  ];
  expect(all.map(String)).toEqual([
    "255.255.255.255",
    "224.0.0.1",
    "224.0.0.2",
    "0.0.0.0",
    "::",
    "::",
    "::1",
    "ff01::1",
    "ff02::1",
    "ff02::2",
  ]);
  expect(all.every((a) => a.length === 16)).toBe(true);
});

describe("IPMask", () => {
  test.each<[number, number, string | null]>([
    [0, 32, "00000000"],
    [12, 32, "fff00000"],
    [24, 32, "ffffff00"],
    [32, 32, "ffffffff"],
    [33, 32, null],
    [-1, 32, null],
    [24, 33, null],
    [Number.NaN, 32, null],
    [1, 128, "80000000000000000000000000000000"],
    [128, 128, "ffffffffffffffffffffffffffffffff"],
  ])("CIDRMask(%s, %s) = %s", (ones, bits, want) => {
    const mask = CIDRMask(ones, bits);
    expect(mask === null ? null : mask.String()).toBe(want);
    expect(mask === null ? null : mask.Size()).toEqual(want === null ? null : [ones, bits]);
  });

  test("of ones that do not all come first", () => {
    expect(IPv4Mask(255, 0, 255, 0).Size()).toEqual([0, 0]);
    expect(IPv4Mask(0, 0, 0, 1).Size()).toEqual([0, 0]);
    expect([`${IPv4Mask(255, 0, 255, 0)}`, `${new IPMask()}`, new IPMask().Size()]).toEqual([
      "ff00ff00",
      "<nil>",
      [0, 0],
    ]);
  });
});

describe("ParseCIDR", () => {
  test.each([
    ["192.0.2.129/25", "192.0.2.129", "192.0.2.128/25"],
    ["10.0.0.1/8", "10.0.0.1", "10.0.0.0/8"],
    ["0.0.0.0/0", "0.0.0.0", "0.0.0.0/0"],
    ["2001:db8::1/48", "2001:db8::1", "2001:db8::/48"],
    ["1.2.3.4/032", "1.2.3.4", "1.2.3.4/32"],
  ])("%s is %s in %s", (s, address, network) => {
    const [a, n] = ParseCIDR(s);
    expect([String(a), String(n), n.Network()]).toEqual([address, network, "ip+net"]);
    expect(n.Contains(a)).toBe(true);
  });

  test.each([
    "",
    "/",
    "1.2.3.4",
    "1.2.3.4/",
    "1.2.3.4/33",
    "1.2.3.4/-1",
    "1.2.3.4/+1",
    "1.2.3.4/1x",
    "::1/129",
    "::1%eth0/64",
    "/8",
    "1.2.3.4/16777224",
  ])("%j is none", (s) => {
    expect(() => ParseCIDR(s)).toThrow(new ParseError({ Type: "CIDR address", Text: s }));
  });
});

describe("IPNet", () => {
  test("Contains knows both lengths, and no network contains what is of another family", () => {
    const [, n] = ParseCIDR("192.0.2.0/24");
    expect(
      [IP.of(192, 0, 2, 255), IPv4(192, 0, 2, 0), IPv4(192, 0, 3, 0), ip("::c000:201")].map((a) =>
        n.Contains(a),
      ),
    ).toEqual([true, true, false, false]);
    expect(n.Contains(null)).toBe(false);
    const long = new IPNet({ IP: IPv4(192, 0, 2, 0), Mask: CIDRMask(120, 128) });
    expect([long.Contains(IP.of(192, 0, 2, 9)), String(long)]).toEqual([true, "192.0.2.0/24"]);
  });

  test("that makes no sense prints as nothing", () => {
    const odd = [
      new IPNet(),
      new IPNet({ IP: IPv4zero }),
      new IPNet({ IP: new IP(3), Mask: CIDRMask(8, 32) }),
      new IPNet({ IP: ip("::1"), Mask: CIDRMask(8, 32) }),
    ];
    expect(odd.map(String)).toEqual(["<nil>", "<nil>", "<nil>", "<nil>"]);
    expect(String(new IPNet({ IP: IP.of(198, 51, 100, 0), Mask: IPv4Mask(0xc0, 0, 0xff, 0) }))).toBe(
      "198.51.100.0/c000ff00",
    );
  });
});

test.each([
  ["fe80::1%eth0", "fe80::1", "eth0"],
  ["fe80::1%", "fe80::1", ""],
  ["fe80::1%eth0.1", "fe80::1", "eth0.1"],
  ["fe80::1", "fe80::1", ""],
  ["192.0.2.1", "192.0.2.1", ""],
  ["192.0.2.1%eth0", null, ""],
  ["fe80::1%a%b", null, "b"],
  ["localhost", null, ""],
  ["", null, ""],
])("parseIPZone(%j) = %s, %j", (s, address, zone) => {
  const [a, z] = parseIPZone(s);
  expect([a === null ? null : String(a), z]).toEqual([address, zone]);
});

test("splitHostZone leaves a percent sign at the beginning alone", () => {
  expect(["%x", "a%b", "a%b%c", "", "a"].map(splitHostZone)).toEqual([
    ["%x", ""],
    ["a", "b"],
    ["a%b", "c"],
    ["", ""],
    ["a", ""],
  ]);
});
