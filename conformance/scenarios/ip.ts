// Raw IP besides what packets.ts has: whom to speak to, every length and end; and interfaces.

import type { Addr } from "../../src/net.js";
import type { IPAddr, IPConn } from "../../src/node.js";
import { failure, quote } from "./format.js";
import { opened, reads, suffix, writes } from "./packetlines.js";
import { inMs, past, type Scenario, type Transcript, utf8 } from "./scenario.js";

const answerMs = 1000;
const one = utf8("x");
const ten = utf8("0123456789");
const noBytes = new Uint8Array(0);

function ipAddr(t: Transcript, host: string): IPAddr {
  return new t.net.IPAddr({ IP: t.net.ParseIP(host) });
}

const whom: readonly (readonly [network: string, address: string])[] = [
  ["ip4:icmp", "127.0.0.1"],
  ["ip4:1", "127.0.0.1"],
  ["ip:icmp", "127.0.0.1"],
  ["ip:253", "::1"],
  ["ip6:253", "::1"],
  ["ip6:ipv6-icmp", "::1"],
  ["ip6:253", "127.0.0.1"],
  ["ip4:253", "::1"],
  ["ip4:253", ""],
  ["ip4:253", "localhost"],
  ["ip4:253", "127.0.0.1:80"],
  ["ip4:256", "127.0.0.1"],
  ["ip4:255", "127.0.0.1"],
  ["ip4:0", "127.0.0.1"],
  ["ip4:-1", "127.0.0.1"],
  ["ip4:", "127.0.0.1"],
  ["ip4:nosuch", "127.0.0.1"],
  ["ip", "127.0.0.1"],
  ["ip4:253", "192.0.2.1"],
  ["ip4:253", "198.51.100.77"],
  ["ip4:tcp", "127.0.0.1"],
  ["ip4:ICMP", "127.0.0.1"],
];

/** list logs addresses, and the error that came instead. */
async function list(t: Transcript, label: string, ask: () => Promise<Addr[]>): Promise<void> {
  let addrs: Addr[] = [];
  const err = await failure(async () => {
    addrs = await ask();
  });
  t.line(`${label}: [${addrs.map((a) => `${a.Network()} ${a.String()}`).join(", ")}]${suffix(t, err)}`);
}

/** brief reads one packet and logs all but the data. */
async function brief(t: Transcript, label: string, c: IPConn, size: number): Promise<void> {
  let line = "";
  const err = await failure(async () => {
    const [n, from] = await c.ReadFrom(new Uint8Array(size));
    line = `n=${n} addr=${t.fullAddress(from)}`;
  });
  t.line(`${label}: ${line}${suffix(t, err)}`);
}

/** ipScenarios by name. */
export const ipScenarios: Readonly<Record<string, Scenario>> = {
  "ip-whom": async (t) => {
    const { net } = t;
    const loopback = ipAddr(t, "127.0.0.1");
    for (const [network, address] of whom) {
      await opened(t, `Dial ${network} ${address}`, () => net.Dial(network, address));
      await opened(t, `ListenPacket ${network} ${address}`, () => net.ListenPacket(network, address));
    }
    await opened(t, "DialIP nil", () => net.DialIP("ip4:253", null, null));
    await opened(t, "DialIP from", () => net.DialIP("ip4:253", loopback, loopback));
    const six = new net.IPAddr({ IP: net.IPv6loopback });
    await opened(t, "DialIP from IPv6", () => net.DialIP("ip4:253", six, loopback));
    await opened(t, "DialIP tcp", () => net.DialIP("tcp", null, loopback));
    await opened(t, "ListenIP nil", () => net.ListenIP("ip4:253", null));
    await opened(t, "ListenIP ip4", () => net.ListenIP("ip4", loopback));
    await opened(t, "ListenIP elsewhere", () => net.ListenIP("ip4:253", ipAddr(t, "198.51.100.9")));
  },

  "ip-packets": async (t) => {
    const { net } = t;
    const at = (host: string) => ipAddr(t, host);
    const to = at("127.0.0.3");
    const a = t.later(await net.ListenIP("ip4:253", at("127.0.0.2")));
    const b = t.later(await net.ListenIP("ip4:253", to));
    for (const size of [0, 3, 65515, 65516, 300000]) {
      await writes(t, `WriteTo ${size}`, a, new Uint8Array(size), to);
      if (size <= 65515) {
        await reads(t, "ReadFrom", b, 70000);
      }
    }
    for (const size of [0, 10, 19, 20, 24, 30]) {
      await a.WriteTo(ten, to);
      await brief(t, `ReadFrom ${size}`, b, size);
    }
    await a.WriteTo(ten, to);
    const buffer = new Uint8Array(64);
    const [n, oobn, flags, from] = await b.ReadMsgIP(buffer, noBytes);
    const what = `n=${n} oobn=${oobn} flags=0x${flags.toString(16)} addr=${t.fullAddress(from)}`;
    t.line(`ReadMsgIP: ${what} first=0x${buffer[0]?.toString(16)}`);
    await a.WriteTo(ten, to);
    const [cut, none, cutFlags, sender] = await b.ReadMsgIP(buffer.subarray(0, 25), noBytes);
    t.line(
      `ReadMsgIP 25: n=${cut} oobn=${none} flags=0x${cutFlags.toString(16)} addr=${t.fullAddress(sender)}`,
    );
    await a.WriteTo(ten, to);
    await t.count("Read", b.Read(buffer));
    await writes(t, "WriteTo UDPAddr", a, one, new net.UDPAddr({ IP: to.IP, Port: 9 }));
    await writes(t, "WriteTo IPv6", a, one, at("::1"));
    await writes(t, "WriteTo no IP", a, one, new net.IPAddr());
    await t.count("WriteToIP nil", a.WriteToIP(one, null));
    await t.write("Write", a, "x");
    await t.error("WriteMsgIP nil", () => a.WriteMsgIP(one, null, null));
    const c = t.later(await net.DialIP("ip4:253", at("127.0.0.4"), to));
    await writes(t, "connected WriteTo", c, one, to);
    await t.error("connected WriteMsgIP", () => c.WriteMsgIP(one, null, to));
    await t.error("connected WriteMsgIP nil", () => c.WriteMsgIP(one, null, null));
    await t.write("connected Write", c, "connected");
    b.SetReadDeadline(inMs(answerMs));
    await reads(t, "ReadFrom", b, 64);
    b.SetReadDeadline(past);
    await reads(t, "ReadFrom late", b, 64);
    await t.error("Close", () => a.Close());
    await t.error("Close", () => a.Close());
    await reads(t, "ReadFrom", a, 8);
    await writes(t, "WriteTo", a, one, to);
    await t.write("Write", a, "x");
    await t.error("SetDeadline", () => a.SetDeadline(past));
    await t.error("File", () => a.File());
    const file = await c.File();
    await t.error("File", () => null);
    t.line(`Name: ${file.Name()}`);
    await opened(t, "FileConn", () => net.FileConn(file));
    await file.Close();
  },

  interfaces: async (t) => {
    const { net } = t;
    const bh0 = await net.InterfaceByName("bh0");
    const has = (flag: number) => (bh0.Flags & flag) !== 0;
    const flags = `up=${has(net.FlagUp)} loopback=${has(net.FlagLoopback)}`;
    t.line(`bh0: mtu=${bh0.MTU} hw=${bh0.HardwareAddr.String()} ${flags}`);
    await list(t, "Addrs", () => bh0.Addrs());
    await list(t, "InterfaceAddrs", () => net.InterfaceAddrs());
    for (const Index of [0, -1, 99999]) {
      const ifi = new net.Interface({ Index });
      await list(t, `Addrs of ${Index}`, () => ifi.Addrs());
      await list(t, `MulticastAddrs of ${Index}`, () => ifi.MulticastAddrs());
    }
    for (const name of ["LO", "lo ", "an-interface-name-that-is-too-long", "lo\0"]) {
      await t.error(`InterfaceByName ${quote(name)}`, () => net.InterfaceByName(name));
    }
    const some = net.Flags(net.FlagMulticast | net.FlagUp);
    t.line(`flags: ${net.Flags(0).String()} ${net.Flags(0x1f).String()} ${some.String()}`);
  },
};
