import { describe, expect, test } from "vitest";
import {
  internetAddrList,
  type Lookup,
  resolveIPAddr,
  resolveTCPAddr,
  resolveUDPAddr,
  resolveUnixAddr,
} from "./addrlist.js";
import { ParseIP } from "./ip.js";
import { IPAddr } from "./ipaddr.js";
import { AddrError, DNSError, UnknownNetworkError } from "./net.js";
import { lookupPortMap, lookupProtocolMap } from "./port.js";
import { TCPAddr } from "./tcpaddr.js";
import { UDPAddr } from "./udpaddr.js";
import { UnixAddr } from "./unixaddr.js";

const addr = (s: string): IPAddr => new IPAddr({ IP: ParseIP(s) });

// A system that knows one name with addresses of both families, and what was asked of it.
function system(): Lookup & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async port(network, service) {
      asked.push(`port ${network} ${service}`);
      return lookupPortMap(network, service);
    },
    async protocol(name) {
      asked.push(`protocol ${name}`);
      return lookupProtocolMap(name);
    },
    async addresses(network, host) {
      asked.push(`addresses ${network} ${host}`);
      if (host === "both.test") {
        return [addr("2001:db8::1"), addr("192.0.2.1"), addr("192.0.2.2")];
      }
      if (host === "six.test") {
        return [addr("2001:db8::1")];
      }
      throw new DNSError({ Err: "no such host", Name: host, IsNotFound: true });
    },
  };
}

describe("resolveTCPAddr", () => {
  test.each([
    ["tcp", "both.test:80", "192.0.2.1:80"],
    ["", "both.test:http", "192.0.2.1:80"],
    ["tcp6", "both.test:80", "[2001:db8::1]:80"],
    ["tcp", "[both.test]:80", "[2001:db8::1]:80"],
    ["tcp", "six.test:80", "[2001:db8::1]:80"],
    ["tcp", "192.0.2.9:80", "192.0.2.9:80"],
    ["tcp", "[fe80::1%eth0]:80", "[fe80::1%eth0]:80"],
    ["tcp", ":80", ":80"],
    ["tcp", "", ":0"],
    // :: alone stands for 0.0.0.0 as well.
    ["tcp4", "[::]:80", "0.0.0.0:80"],
    ["tcp", "[::]:80", "[::]:80"],
  ])("%s %s is %s", async (network, address, want) => {
    const a = await resolveTCPAddr(network, address, system());
    expect(a).toBeInstanceOf(TCPAddr);
    expect(a.String()).toBe(want);
  });

  test.each([
    ["udp", "both.test:80", new UnknownNetworkError("udp")],
    ["TCP", "x", new UnknownNetworkError("TCP")],
    ["tcp", "both.test", new AddrError({ Err: "missing port in address", Addr: "both.test" })],
    ["tcp4", "six.test:80", new AddrError({ Err: "no suitable address found", Addr: "six.test" })],
    ["tcp6", "192.0.2.1:80", new AddrError({ Err: "no suitable address found", Addr: "192.0.2.1" })],
    [
      "tcp6",
      "[::ffff:192.0.2.1]:80",
      new AddrError({ Err: "no suitable address found", Addr: "::ffff:192.0.2.1" }),
    ],
    ["tcp", "nosuch.test:80", new DNSError({ Err: "no such host", Name: "nosuch.test", IsNotFound: true })],
    ["tcp", "nosuch.test:nosuch", new AddrError({ Err: "unknown port", Addr: "tcp/nosuch" })],
    ["tcp", "both.test:65536", new AddrError({ Err: "invalid port", Addr: "65536" })],
  ])("%j %s: %s", async (network, address, want) => {
    await expect(resolveTCPAddr(network, address, system())).rejects.toThrow(want);
  });

  test("what is an address, or can be no name, is never looked up", async () => {
    const s = system();
    for (const host of [
      "127.1",

      "2130706433",
      "127.0.0.1\0.example.com",
      "１２７.0.0.1",
      "192.0.2.1%eth0",
      "a b",
    ]) {
      const want = { Name: host, Err: "no such host", IsNotFound: true, Server: "" };
      await expect(resolveTCPAddr("tcp", `${host}:80`, s)).rejects.toMatchObject(want);
    }
    await resolveTCPAddr("tcp", "[::1]:80", s);
    expect(s.asked).toEqual([]);
  });
});

test("resolveUDPAddr", async () => {
  const a = await resolveUDPAddr("", "both.test:domain", system());
  expect([a instanceof UDPAddr, a instanceof TCPAddr, a.String(), a.Network()]).toEqual([
    true,
    false,
    "192.0.2.1:53",
    "udp",
  ]);
  await expect(resolveUDPAddr("tcp", "x:1", system())).rejects.toThrow(new UnknownNetworkError("tcp"));
});

describe("resolveIPAddr", () => {
  test.each([
    ["ip", "both.test", "192.0.2.1"],
    ["", "both.test", "192.0.2.1"],
    ["ip6", "both.test", "2001:db8::1"],
    ["ip4:icmp", "both.test", "192.0.2.1"],
    ["ip:1", "fe80::1%eth0", "fe80::1%eth0"],
    ["ip", "", ""],
  ])("%s %s is %s", async (network, address, want) => {
    expect((await resolveIPAddr(network, address, system())).String()).toBe(want);
  });

  test("the protocol comes before the name", async () => {
    const s = system();
    await expect(resolveIPAddr("ip4:nosuch", "both.test", s)).rejects.toThrow(AddrError);
    await expect(resolveIPAddr("tcp", "both.test", s)).rejects.toThrow(new UnknownNetworkError("tcp"));
    expect(s.asked).toEqual(["protocol nosuch"]);
  });
});

test("resolveUnixAddr", () => {
  expect(resolveUnixAddr("unixgram", "@x")).toEqual(new UnixAddr({ Name: "@x", Net: "unixgram" }));
  expect(() => resolveUnixAddr("", "/x")).toThrow(new UnknownNetworkError(""));
});

test("internetAddrList keeps the order of the addresses", async () => {
  const list = await internetAddrList("tcp", "both.test:80", system());
  expect(list.map((a) => a.String())).toEqual(["[2001:db8::1]:80", "192.0.2.1:80", "192.0.2.2:80"]);
  await expect(internetAddrList("unix", "/x", system())).rejects.toThrow(new UnknownNetworkError("unix"));
});

test("the addresses print as Go's do", () => {
  const v6 = ParseIP("fe80::1");
  const all = [
    new TCPAddr(),
    new TCPAddr({ IP: v6, Port: 80, Zone: "eth0" }),
    new UDPAddr({ Port: -1 }),
    new IPAddr({ IP: v6, Zone: "1" }),
    new TCPAddr({ Zone: "z" }),
    new IPAddr({ Zone: "z" }),
    new UnixAddr({ Name: "@", Net: "unix" }),
  ];
  expect(all.map((a) => `${a.Network()} ${a}`)).toEqual([
    "tcp :0",
    "tcp [fe80::1%eth0]:80",
    "udp :-1",
    "ip fe80::1%1",
    "tcp %z:0",
    "ip %z",
    "unix @",
  ]);
});
