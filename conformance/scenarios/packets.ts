// UDP, raw IP and multicast.

import type { Addr, PacketConn, UDPConn } from "../../src/node.js";
import { settled } from "./format.js";
import { inMs, pass, type Scenario, type Transcript, utf8 } from "./scenario.js";

const longestQuoted = 64;
const icmpMs = 100; // until an ICMP error has come back
const answerMs = 2000;

/** udp is a UDP socket on a free port of loopback, which gets that name. */
async function udp(t: Transcript, name: string): Promise<UDPConn> {
  const c = t.later(await t.net.ListenPacket("udp", "127.0.0.1:0"));
  t.named(name, c.LocalAddr());
  return c;
}

/** readFrom reads one packet, logs it, and gives the sender. */
export async function readFrom(
  t: Transcript,
  label: string,
  c: PacketConn,
  size: number,
): Promise<Addr | null> {
  const b = new Uint8Array(size);
  let from: Addr | null = null;
  const { n, err } = await settled(
    c.ReadFrom(b).then(([n, addr]) => {
      from = addr;
      return n;
    }),
  );
  const written = from === null ? "nil" : t.addressBrief(from);
  const data = n > longestQuoted ? `(${n} bytes)` : t.quoted(b.subarray(0, n));
  t.line(`${label}: n=${n} addr=${written} ${err === null ? `data=${data}` : t.text(err)}`);
  return from;
}

/** writeTo sends one packet and logs. */
export async function writeTo(
  t: Transcript,
  label: string,
  c: PacketConn,
  text: string,
  to: Addr | null,
): Promise<void> {
  await t.count(label, c.WriteTo(utf8(text), to as Addr));
}

function checksum(b: Uint8Array): number {
  let sum = 0;
  for (const [i, byte] of b.entries()) {
    sum += i % 2 === 0 ? byte << 8 : byte;
  }
  while (sum > 0xffff) {
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  return ~sum & 0xffff;
}

/** echoRequest is an ICMP message (RFC 792). */
function echoRequest(id: number, seq: number, data: string): Uint8Array {
  const b = Uint8Array.of(8, 0, 0, 0, id >> 8, id & 0xff, seq >> 8, seq & 0xff, ...utf8(data));
  new DataView(b.buffer).setUint16(2, checksum(b));
  return b;
}

/** packetScenarios by name. */
export const packetScenarios: Readonly<Record<string, Scenario>> = {
  "udp-echo": async (t) => {
    const { net } = t;
    const a = await udp(t, "a");
    const b = await udp(t, "b");
    t.address("a local", a.LocalAddr());
    await writeTo(t, "a WriteTo", a, "ping", b.LocalAddr());
    await writeTo(t, "b WriteTo", b, "pong", await readFrom(t, "b ReadFrom", b, 64));
    await readFrom(t, "a ReadFrom", a, 64);
    const c = t.later(await net.Dial("udp", b.LocalAddr().String()));
    t.named("c", c.LocalAddr());
    t.address("c local", c.LocalAddr());
    t.address("c remote", c.RemoteAddr());
    await t.write("c Write", c, "dialed");
    await writeTo(t, "b WriteTo", b, "reply", await readFrom(t, "b ReadFrom", b, 64));
    await t.read("c Read", c, 64);
    t.address("a remote of unconnected", a.RemoteAddr());
  },

  "udp-connected-vs-unconnected": async (t) => {
    const { net } = t;
    const a = await udp(t, "a");
    const b = await udp(t, "b");
    const at = await net.ResolveUDPAddr("udp", b.LocalAddr().String());
    const c = t.later(await net.DialUDP("udp", null, at));
    t.named("c", c.LocalAddr());
    await writeTo(t, "c WriteTo", c, "x", b.LocalAddr());
    await t.count("c WriteToUDP", c.WriteToUDP(utf8("x"), at));
    await t.write("a Write", a, "x");
    await t.count("a WriteToUDP nil", a.WriteToUDP(utf8("x"), null));
    const tcp = new net.TCPAddr({ IP: net.IPv4(127, 0, 0, 1), Port: 9 });
    await writeTo(t, "a WriteTo TCPAddr", a, "x", tcp);
    await t.write("c Write", c, "hi");
    const from = await readFrom(t, "b ReadFrom", b, 16);
    await b.WriteTo(utf8("back"), from);
    await readFrom(t, "c ReadFrom", c, 16);
  },

  "udp-truncated-read": async (t) => {
    const { net } = t;
    const a = await udp(t, "a");
    const b = await udp(t, "b");
    await a.WriteTo(utf8("0123456789abcdef"), b.LocalAddr());
    await a.WriteTo(utf8("next"), b.LocalAddr());
    await readFrom(t, "b ReadFrom 10", b, 10);
    await readFrom(t, "b ReadFrom 10", b, 10);
    const c = t.later(await net.Dial("udp", b.LocalAddr().String()));
    t.named("c", c.LocalAddr());
    await b.WriteTo(utf8("0123456789abcdef"), c.LocalAddr());
    await b.WriteTo(utf8("next"), c.LocalAddr());
    await t.read("c Read 4", c, 4);
    await t.read("c Read 10", c, 10);
  },

  "udp-icmp-refused": async (t) => {
    const { net } = t;
    const dead = await udp(t, "dead");
    const address = await net.ResolveUDPAddr("udp", dead.LocalAddr().String());
    await dead.Close();
    const dialled: UDPConn[] = [];
    await t.error("DialUDP", async () => {
      dialled.push(t.later(await net.DialUDP("udp", null, address)));
    });
    for (const c of dialled) {
      t.named("c", c.LocalAddr());
      await t.write("Write", c, "x");
      await pass(icmpMs);
      c.SetReadDeadline(inMs(1000));
      await t.read("Read", c, 8);
      await t.write("Write", c, "x");
      await pass(icmpMs);
      await t.write("Write", c, "x");
    }
  },

  "ip-icmp-echo": async (t) => {
    const { net } = t;
    const dialled = await net.Dial("ip4:icmp", "127.0.0.1").catch((err: Error) => err);
    await t.error("Dial", async () => {
      if (dialled instanceof Error) throw dialled;
    });
    if (dialled instanceof Error) return;
    const c = t.later(dialled);
    t.address("local", c.LocalAddr());
    t.address("remote", c.RemoteAddr());
    await t.count("Write", c.Write(echoRequest(0x4321, 1, "gonet-echo")));
    c.SetReadDeadline(inMs(answerMs));
    const b = new Uint8Array(512);
    for (;;) {
      const n = await c.Read(b);
      const [first = 0] = b;
      const icmp = b.subarray((first & 0xf) * 4, n);
      if (icmp[0] !== 0 || icmp[4] !== 0x43 || icmp[5] !== 0x21) continue;
      const id = `${icmp[4].toString(16)}${icmp[5].toString(16)}`;
      const what = `type=${icmp[0]} id=${id} seq=${icmp[7]} data=${t.quoted(icmp.subarray(8))}`;
      t.line(`Read: n=${n} first=0x${first.toString(16)} ${what}`);
      break;
    }
    const p = t.later(await net.ListenPacket("ip4:icmp", "127.0.0.1"));
    t.address("p local", p.LocalAddr());
    const request = echoRequest(0x4322, 2, "second");
    const to = new net.IPAddr({ IP: net.IPv4(127, 0, 0, 1) });
    await t.count("WriteTo", p.WriteTo(request, to));
    p.SetReadDeadline(inMs(answerMs));
    for (;;) {
      const [n, from] = await p.ReadFrom(b);
      if (b[0] !== 0 || b[4] !== 0x43 || b[5] !== 0x22) continue;
      const what = `type=${b[0]} seq=${b[7]} data=${t.quoted(b.subarray(8, n))}`;
      const address = from === null ? "nil" : t.addressBrief(from);
      t.line(`ReadFrom: n=${n} addr=${address} ${what} same-length-as-request=${n === request.length}`);
      break;
    }
  },

  "udp-multicast-lo": async (t) => {
    const { net } = t;
    const lo = await net.InterfaceByName("lo");
    const probe = await udp(t, "mc");
    const { Port } = await net.ResolveUDPAddr("udp", probe.LocalAddr().String());
    await probe.Close();
    const group = new net.UDPAddr({ IP: net.IPv4(224, 0, 0, 251), Port });
    const joined: UDPConn[] = [];
    await t.error("ListenMulticastUDP", async () => {
      joined.push(t.later(await net.ListenMulticastUDP("udp4", lo, group)));
    });
    const has = async (): Promise<boolean> =>
      (await lo.MulticastAddrs()).some((a) => a.String() === "224.0.0.251");
    for (const m of joined) {
      t.address("LocalAddr", m.LocalAddr());
      t.address("RemoteAddr", m.RemoteAddr());
      t.line(`joined: ${await has()}`);
      await writeTo(t, "WriteTo", await udp(t, "s"), "mc", group);
      m.SetReadDeadline(inMs(answerMs));
      await readFrom(t, "ReadFrom", m, 16);
      await t.error("Close", () => m.Close());
      t.line(`joined after close: ${await has()}`);
    }
  },

  "interfaces-lo": async (t) => {
    const { net } = t;
    const lo = await net.InterfaceByName("lo");
    const mac = t.quoted(lo.HardwareAddr.String());
    const what = `name=${t.quoted(lo.Name)} hw=${mac} flags=${t.quoted(lo.Flags.String())}`;
    t.line(`lo: index=${lo.Index} mtu=${lo.MTU} ${what}`);
    t.line(`by index: ${t.quoted((await net.InterfaceByIndex(lo.Index)).Name)}`);
    const brief = (a: Addr): string => {
      const kind = a instanceof net.IPNet ? "IPNet" : a instanceof net.IPAddr ? "IPAddr" : "?";
      return `  ${kind} ${a.Network()} ${a.String()}`;
    };
    await t.error("Addrs", () => lo.Addrs());
    for (const a of await lo.Addrs()) t.line(brief(a));
    await t.error("MulticastAddrs", () => lo.MulticastAddrs());
    for (const line of (await lo.MulticastAddrs()).map(brief).sort()) t.line(line);
    await t.error("Interfaces", () => net.Interfaces());
    const names = (await net.Interfaces()).map((ifi) => ifi.Name).sort();
    t.line(`names: [${names.join(" ")}]`);
    await t.error("ByName nosuch0", () => net.InterfaceByName("nosuch0"));
    await t.error("ByName empty", () => net.InterfaceByName(""));
    for (const index of [0, -1, 99999]) {
      await t.error(`ByIndex ${index}`, () => net.InterfaceByIndex(index));
    }
  },
};
