// UDP besides what packets.ts has: every length, address and end, and groups.

import type { Interface, UDPAddr, UDPConn } from "../../src/node.js";
import { failure } from "./format.js";
import { opened, reads, receivesUDP, sendsUDP, writes } from "./packetlines.js";
import { inMs, pass, past, type Scenario, type Transcript, utf8 } from "./scenario.js";

const icmpMs = 50; // until an ICMP error has come back
const answerMs = 1000;
const one = utf8("x");
const noInterface = 99999;

async function udp(t: Transcript, name: string): Promise<UDPConn> {
  const c = t.later(await t.net.ListenPacket("udp", "127.0.0.1:0"));
  t.named(name, c.LocalAddr());
  return c;
}

async function dialled(t: Transcript, name: string, to: UDPAddr): Promise<UDPConn> {
  const c = t.later(await t.net.DialUDP("udp", null, to));
  t.named(name, c.LocalAddr());
  return c;
}

function addressOf(c: UDPConn): UDPAddr {
  return c.LocalAddr() as UDPAddr;
}

function udpAddr(t: Transcript, ip: string, port: number): UDPAddr {
  return new t.net.UDPAddr({ IP: t.net.ParseIP(ip), Port: port });
}

function textOf(a: UDPAddr | null): string {
  return a === null ? "<nil>" : a.String();
}

/** udpScenarios by name. */
export const udpScenarios: Readonly<Record<string, Scenario>> = {
  "udp-sizes": async (t) => {
    const a = await udp(t, "a");
    const b = await udp(t, "b");
    const to = addressOf(b);
    for (const size of [0, 1, 65507, 65508, 70000, 300000]) {
      await writes(t, `WriteTo ${size}`, a, new Uint8Array(size), to);
      if (size <= 65507) {
        await reads(t, "ReadFrom", b, 70000);
      }
    }
    await a.WriteTo(utf8("looked at with no buffer"), to);
    await a.WriteTo(utf8("next"), to);
    await reads(t, "ReadFrom 0", b, 0);
    await reads(t, "ReadFrom", b, 64);
    await a.WriteTo(new Uint8Array(0), to);
    await a.WriteTo(utf8("0123456789"), to);
    await a.WriteTo(utf8("0123456789"), to);
    await receivesUDP(t, "ReadMsgUDP empty", b, 16, 16);
    await receivesUDP(t, "ReadMsgUDP 4", b, 4, 0);
    await receivesUDP(t, "ReadMsgUDP 16", b, 16, 0);
    const c = await dialled(t, "c", to);
    await t.write("Write 0", c, "");
    await reads(t, "ReadFrom", b, 16);
    await t.error("Write 65508", () => c.Write(new Uint8Array(65508)));
    await sendsUDP(t, "WriteMsgUDP 65508", c, new Uint8Array(65508), null, null);
    await b.WriteTo(new Uint8Array(0), c.LocalAddr());
    await b.WriteTo(one, c.LocalAddr());
    await t.read("Read empty", c, 8);
    await t.read("Read 0", c, 0);
    await t.read("Read", c, 8);
  },

  "udp-use-after-close": async (t) => {
    const b = await udp(t, "b");
    const to = addressOf(b);
    const connected = await dialled(t, "c", to);
    const open = await udp(t, "a");
    for (const [name, c] of Object.entries({ connected, open })) {
      t.line(name);
      await t.error("Close", () => c.Close());
      await t.error("Close", () => c.Close());
      await t.read("Read", c, 8);
      await t.read("Read 0", c, 0);
      await reads(t, "ReadFrom", c, 8);
      await receivesUDP(t, "ReadMsgUDP", c, 8, 8);
      await t.write("Write", c, "x");
      await writes(t, "WriteTo", c, one, to);
      await sendsUDP(t, "WriteMsgUDP", c, one, null, null);
      await sendsUDP(t, "WriteMsgUDP", c, one, null, to);
      await t.error("SetDeadline", () => c.SetDeadline(past));
      await t.error("SetReadDeadline", () => c.SetReadDeadline(null));
      await t.error("SetWriteDeadline", () => c.SetWriteDeadline(null));
      await t.error("SetReadBuffer", () => c.SetReadBuffer(4096));
      await t.error("SetWriteBuffer", () => c.SetWriteBuffer(4096));
      await t.error("File", () => c.File());
      t.address("LocalAddr", c.LocalAddr());
      t.address("RemoteAddr", c.RemoteAddr());
    }
  },

  "udp-deadlines": async (t) => {
    const a = await udp(t, "a");
    const b = await udp(t, "b");
    const c = await dialled(t, "c", addressOf(b));
    await b.WriteTo(utf8("there already"), c.LocalAddr());
    await pass(icmpMs);
    await t.error("SetDeadline", () => c.SetDeadline(past));
    await t.read("Read", c, 64);
    await t.read("Read 0", c, 0);
    await reads(t, "ReadFrom", c, 64);
    await receivesUDP(t, "ReadMsgUDP", c, 64, 0);
    await t.write("Write", c, "x");
    await sendsUDP(t, "WriteMsgUDP", c, one, null, null);
    a.SetDeadline(past);
    await reads(t, "a ReadFrom", a, 64);
    await writes(t, "a WriteTo", a, one, addressOf(b));
    await sendsUDP(t, "a WriteMsgUDP", a, one, null, addressOf(b));
    c.SetDeadline(null);
    await t.read("Read", c, 64);
    const reading = reads(t, "ReadFrom", c, 64);
    await pass(icmpMs);
    const closing = failure(() => c.Close());
    await reading;
    t.line(`Close: ${t.text(await closing)}`);
  },

  "udp-both-families": async (t) => {
    const { net } = t;
    const all = await opened(t, "udp :0", () => net.ListenPacket("udp", ":0"));
    if (all === null) return;
    const { Port: port } = addressOf(all);
    t.named("all", all.LocalAddr());
    for (const [network, address] of [
      ["udp4", ":0"],
      ["udp6", ":0"],
      ["udp", "[::]:0"],
      ["udp", "0.0.0.0:0"],
      ["udp4", "[::]:0"],
      ["udp6", "127.0.0.1:0"],
      ["udp", "localhost:0"],
      ["udp6", "localhost:0"],
      ["udp", "[::1%lo]:0"],
      ["udp", "[::ffff:127.0.0.1]:0"],
    ] as const) {
      await opened(t, `${network} ${address}`, () => net.ListenPacket(network, address));
    }
    const four = t.later(await net.ListenPacket("udp4", "127.0.0.1:0"));
    t.named("four", four.LocalAddr());
    const six = t.later(await net.ListenPacket("udp6", "[::1]:0"));
    t.named("six", six.LocalAddr());
    await writes(t, "four to all", four, utf8("4"), udpAddr(t, "127.0.0.1", port));
    await reads(t, "all", all, 8);
    await writes(t, "six to all", six, utf8("6"), udpAddr(t, "::1", port));
    await reads(t, "all", all, 8);
    await writes(t, "all to four", all, utf8("a"), four.LocalAddr());
    await reads(t, "four", four, 8);
    await writes(t, "all to six", all, utf8("a"), six.LocalAddr());
    await reads(t, "six", six, 8);
    await writes(t, "four to six", four, one, six.LocalAddr());
    await writes(t, "six to four", six, one, four.LocalAddr());
    await writes(t, "four to mapped", four, utf8("m"), udpAddr(t, "::ffff:127.0.0.1", port));
    await reads(t, "all", all, 8);
    const nobody = new net.UDPAddr({ Port: port });
    await writes(t, "four to nobody's IP", four, utf8("n"), nobody);
    await reads(t, "all", all, 8);
    await writes(t, "six to nobody's IP", six, utf8("n"), nobody);
    await reads(t, "all", all, 8);
    await writes(t, "all to nobody's IP", all, utf8("n"), nobody);
    await reads(t, "all", all, 8);
    await writes(t, "all to 0.0.0.0", all, utf8("n"), udpAddr(t, "0.0.0.0", port));
    await reads(t, "all", all, 8);
    await writes(t, "port 0", four, one, udpAddr(t, "127.0.0.1", 0));
    await writes(t, "port 65536", four, one, udpAddr(t, "127.0.0.1", 65536));
    await writes(t, "port -1", four, one, udpAddr(t, "127.0.0.1", -1));
    const short = new net.UDPAddr({ IP: new net.IP([1, 2, 3]), Port: port });
    await writes(t, "3 bytes of IP", four, one, short);
    const zoned = (zone: string) => new net.UDPAddr({ IP: net.IPv6loopback, Port: port, Zone: zone });
    await writes(t, "a zone", six, utf8("z"), zoned("lo"));
    await writes(t, "a zone that is none", six, utf8("z"), zoned("nosuch0"));
  },

  "udp-dial": async (t) => {
    const { net } = t;
    const at = addressOf(await udp(t, "b"));
    const dial = async (network: string, laddr: UDPAddr | null, raddr: UDPAddr | null): Promise<void> => {
      const label = `DialUDP ${network} ${textOf(laddr)} ${textOf(raddr)}`;
      const make = () => net.DialUDP(network, laddr, raddr);
      await opened(t, label, make, (c) => t.named("c", c.LocalAddr()));
    };
    await dial("udp", null, at);
    await dial("udp4", null, at);
    await dial("udp6", null, at);
    await dial("udp", null, null);
    await dial("udp5", null, at);
    await dial("udp", udpAddr(t, "127.0.0.1", 0), at);
    await dial("udp", udpAddr(t, "127.0.0.2", 0), at);
    await dial("udp", at, at);
    await dial("udp", udpAddr(t, "::1", 0), at);
    await dial("udp", udpAddr(t, "198.51.100.9", 0), at);
    await dial("udp", null, udpAddr(t, "192.0.2.1", 9));
    await dial("udp", null, udpAddr(t, "198.51.100.77", 9));
    await dial("udp", null, udpAddr(t, "255.255.255.255", 9));
    await dial("udp", null, udpAddr(t, "127.0.0.1", 0));
    await dial("udp", null, new net.UDPAddr({ Port: at.Port }));
    await dial("udp6", null, new net.UDPAddr({ Port: at.Port }));
    for (const address of [
      "127.0.0.1:0",
      ":9",
      "localhost:9",
      "[::1]:9",
      "127.0.0.1:domain",
      "192.0.2.1:9",
      "files.test:9",
    ]) {
      await opened(t, `Dial udp ${address}`, () => net.Dial("udp", address));
    }
    await opened(t, "ListenUDP in use", () => net.ListenUDP("udp", at));
    await opened(t, "ListenUDP elsewhere", () => net.ListenUDP("udp", udpAddr(t, "198.51.100.9", 0)));
    await opened(t, "ListenUDP nil", () => net.ListenUDP("udp", null));
    await opened(t, "ListenUDP tcp", () => net.ListenUDP("tcp", at));
    await t.error("Listen udp", () => net.Listen("udp", "127.0.0.1:0"));
    for (const network of ["tcp", "udp5", "", "ip4"]) {
      await t.error(`ListenPacket ${network}`, () => net.ListenPacket(network, "127.0.0.1:0"));
    }
  },

  "udp-write-to-whom": async (t) => {
    const { net } = t;
    const a = await udp(t, "a");
    const b = await udp(t, "b");
    const at = addressOf(b);
    const IP = at.IP;
    const c = await dialled(t, "c", at);
    await sendsUDP(t, "a WriteMsgUDP nil", a, one, null, null);
    await sendsUDP(t, "a WriteMsgUDP", a, one, null, at);
    await reads(t, "b ReadFrom", b, 8);
    await sendsUDP(t, "a WriteMsgUDP with 3 bytes", a, one, Uint8Array.of(1, 2, 3), at);
    await sendsUDP(t, "c WriteMsgUDP", c, one, null, null);
    await reads(t, "b ReadFrom", b, 8);
    await sendsUDP(t, "c WriteMsgUDP to b", c, one, null, at);
    await t.count("c WriteToUDP nil", c.WriteToUDP(one, null));
    await writes(t, "c WriteTo TCPAddr", c, one, new net.TCPAddr({ IP, Port: 9 }));
    await writes(t, "a WriteTo IPAddr", a, one, new net.IPAddr({ IP }));
    await writes(t, "a WriteTo UnixAddr", a, one, new net.UnixAddr({ Name: "/x", Net: "unixgram" }));
    await writes(t, "a WriteTo 192.0.2.1", a, one, udpAddr(t, "192.0.2.1", 9));
    await writes(t, "a WriteTo broadcast", a, one, udpAddr(t, "255.255.255.255", 9));
    await writes(t, "a WriteTo", a, utf8("after all that"), at);
    await reads(t, "b ReadFrom", b, 64);
    await reads(t, "b ReadFrom", b, 64);
  },

  "udp-nobody-there": async (t) => {
    const dead = await udp(t, "dead");
    const at = addressOf(dead);
    await dead.Close();
    const a = await udp(t, "a");
    await writes(t, "a WriteTo", a, one, at);
    await pass(icmpMs);
    await writes(t, "a WriteTo", a, one, at);
    const c = await dialled(t, "c", at);
    c.SetReadDeadline(inMs(answerMs));
    await t.write("Write", c, "x");
    await pass(icmpMs);
    await reads(t, "ReadFrom", c, 8);
    await t.write("Write", c, "x");
    await pass(icmpMs);
    await receivesUDP(t, "ReadMsgUDP", c, 8, 0);
    await t.write("Write", c, "x");
    await pass(icmpMs);
    await sendsUDP(t, "WriteMsgUDP", c, one, null, null);
    await pass(icmpMs);
    await t.write("Write", c, "x");
    c.SetReadDeadline(inMs(icmpMs));
    await t.read("Read", c, 8);
    await t.error("Close", () => c.Close());
    const d = await dialled(t, "d", at);
    d.SetReadDeadline(inMs(answerMs));
    const reading = t.read("Read", d, 8);
    await pass(icmpMs);
    await d.Write(one);
    await reading;
  },

  "udp-files": async (t) => {
    const { net } = t;
    const a = await udp(t, "a");
    const b = await udp(t, "b");
    const f = await a.File();
    await t.error("File", () => null);
    t.line(`Name: ${f.Name()}`);
    await t.error("Close", () => a.Close());
    const p = t.later(await net.FilePacketConn(f));
    await t.error("FilePacketConn", () => null);
    t.address("LocalAddr", p.LocalAddr());
    await writes(t, "WriteTo", p, utf8("from a file"), addressOf(b));
    await reads(t, "b ReadFrom", b, 64);
    await opened(t, "FileConn", () => net.FileConn(f));
    t.line(`FileListener: ${(await failure(() => net.FileListener(f))) !== null}`);
    await f.Close();
    const c = await dialled(t, "c", addressOf(b));
    const file = await c.File();
    const d = (await opened(t, "FileConn", () => net.FileConn(file))) as UDPConn;
    await file.Close();
    await t.write("Write", d, "connected");
    await reads(t, "b ReadFrom", b, 64);
    await writes(t, "WriteTo", d, one, addressOf(b));
  },

  "udp-multicast": async (t) => {
    const { net } = t;
    const lo = await net.InterfaceByName("lo");
    const bh0 = await net.InterfaceByName("bh0");
    const probe = await udp(t, "mc");
    const { Port: port } = addressOf(probe);
    await probe.Close();
    const four = udpAddr(t, "224.0.0.251", port);
    const six = udpAddr(t, "ff02::fb", port);
    const join = (label: string, network: string, ifi: Interface | null, group: UDPAddr | null) =>
      opened(t, `ListenMulticastUDP ${label}`, () => net.ListenMulticastUDP(network, ifi, group));
    const m = await join("udp4 lo", "udp4", lo, four);
    await join("udp lo again", "udp", lo, four);
    await join("udp4 no interface", "udp4", null, four);
    await join("udp6 bh0", "udp6", bh0, six);
    await join("udp bh0", "udp", bh0, six);
    await join("udp4, IPv6 group", "udp4", lo, six);
    await join("no group", "udp4", lo, udpAddr(t, "127.0.0.1", port));
    await join("no IP", "udp4", lo, new net.UDPAddr({ Port: port }));
    await join("nil", "udp4", lo, null);
    await join("tcp", "tcp", lo, four);
    await join("no such interface", "udp4", new net.Interface({ Index: noInterface }), four);
    const groups = (await bh0.MulticastAddrs()).map((a) => a.String());
    t.line(`bh0: ${groups.sort().join(" ")}`);
    if (m === null) return;
    const s = await udp(t, "s");
    await writes(t, "WriteTo", s, utf8("to all of them"), four);
    await reads(t, "ReadFrom", m, 64);
    await writes(t, "member WriteTo", m, utf8("answer"), s.LocalAddr());
    s.SetReadDeadline(inMs(answerMs));
    const b = new Uint8Array(16);
    const [n] = await s.ReadFromUDP(b);
    t.line(`answer: ${t.quoted(b.subarray(0, n))}`);
  },

  "udp-multicast-ipv6": async (t) => {
    const { net } = t;
    const bh0 = await net.InterfaceByName("bh0");
    const to = udpAddr(t, "ff02::1234", 0);
    const m = await opened(t, "ListenMulticastUDP", () => net.ListenMulticastUDP("udp6", bh0, to));
    if (m === null) return;
    t.named("m", m.LocalAddr());
    const { Port } = addressOf(m);
    const groups = await bh0.MulticastAddrs();
    t.line(`joined: ${groups.some((a) => a.String() === "ff02::1234")}`);
    const s = await opened(t, "ListenPacket", () => net.ListenPacket("udp6", "[2001:db8:77::1]:0"));
    if (s === null) return;
    t.named("s", s.LocalAddr());
    const group = (Zone: string) => new net.UDPAddr({ IP: net.ParseIP("ff02::1234"), Port, Zone });
    m.SetReadDeadline(inMs(answerMs));
    await writes(t, "WriteTo with a zone", s, utf8("zone"), group("bh0"));
    await reads(t, "ReadFrom", m, 64);
    await writes(t, "WriteTo with an index", s, utf8("index"), group(String(bh0.Index)));
    await reads(t, "ReadFrom", m, 64);
    await writes(t, "WriteTo without", s, one, group(""));
    await writes(t, "WriteTo to a zone that is none", s, one, group("nosuch0"));
    const c = await opened(t, "DialUDP", () => net.DialUDP("udp", null, group("bh0")));
    if (c !== null) {
      t.named("c", c.LocalAddr());
      await t.write("Write", c, "dialled");
      m.SetReadDeadline(inMs(answerMs));
      await reads(t, "ReadFrom", m, 64);
    }
    for (const address of [
      "[ff02::1234%bh0]:9",
      "[ff02::1234]:9",
      "[fe80::1%bh0]:9",
      "[fe80::1]:9",
      "[fe80::1%nosuch0]:9",
      "[::1%nosuch0]:9",
    ]) {
      await opened(t, `Dial ${address}`, () => net.Dial("udp", address));
    }
  },
};
