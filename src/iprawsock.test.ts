import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Net } from "./connect.js";
import { failure as refusal } from "./testing/anatomy.js";
import { type Joined, overMemory } from "./testing/gateways.js";

const ipv4HeaderBytes = 20;
const echoRequest4 = 8;
const echoReply4 = 0;
const echoRequest6 = 128;
const echoReply6 = 129;

function checksum(b: Uint8Array): number {
  let sum = 0;
  for (const [i, byte] of b.entries()) sum += i % 2 === 0 ? byte << 8 : byte;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

// echo is an ICMP echo request. Of ICMPv6 the kernel makes the checksum.
function echo(type: number, id: number, data: string): Uint8Array {
  const b = Uint8Array.of(type, 0, 0, 0, id >> 8, id & 0xff, 0, 1, ...new TextEncoder().encode(data));
  if (type === echoRequest4) new DataView(b.buffer).setUint16(2, checksum(b));
  return b;
}

function isReply(b: Uint8Array, type: number, id: number): boolean {
  return b[0] === type && (b[4] as number) * 256 + (b[5] as number) === id;
}

// ttl is a control message with one number.
function ttl(level: number, type: number, hops: number): Uint8Array {
  const b = new Uint8Array(24);
  const view = new DataView(b.buffer);
  view.setUint32(0, 20, true);
  view.setInt32(8, level, true);
  view.setInt32(12, type, true);
  view.setInt32(16, hops, true);
  return b;
}

let id = 0x4700 + (process.pid & 0xff);

describe.skipIf(process.getuid?.() !== 0)("raw IP (needs root)", () => {
  let joined: Joined;
  let net: Net;

  beforeAll(async () => {
    joined = await overMemory();
    net = joined.net;
  });

  afterAll(() => joined.close());

  test("Read gives a packet with its IPv4 header, ReadFrom without", async () => {
    await using c = await net.Dial("ip4:icmp", "127.0.0.1");
    expect([c.LocalAddr().String(), c.RemoteAddr()?.String()]).toEqual(["127.0.0.1", "127.0.0.1"]);
    c.SetReadDeadline(Date.now() + 2000);
    const b = new Uint8Array(256);
    const request = echo(echoRequest4, ++id, "with a header");
    expect(await c.Write(request)).toBe(request.length);
    for (;;) {
      const n = await c.Read(b);
      expect((b[0] as number) >> 4).toBe(4);
      if (!isReply(b.subarray(ipv4HeaderBytes), echoReply4, id)) continue;
      expect(n).toBe(ipv4HeaderBytes + request.length);
      break;
    }
    const again = echo(echoRequest4, ++id, "without");
    await c.Write(again);
    for (;;) {
      const [n, from] = await c.ReadFrom(b);
      if (!isReply(b, echoReply4, id)) continue;
      expect([n, from?.String()]).toEqual([again.length, "127.0.0.1"]);
      expect(new TextDecoder().decode(b.subarray(8, n))).toBe("without");
      break;
    }
    await c.Write(echo(echoRequest4, ++id, "message"));
    for (;;) {
      const [n, oobn, flags, from] = await c.ReadMsgIP(b, new Uint8Array(0));
      if (!isReply(b.subarray(ipv4HeaderBytes), echoReply4, id)) continue;
      expect([n, oobn, flags, from?.String()]).toEqual([ipv4HeaderBytes + 15, 0, 0, "127.0.0.1"]);
      break;
    }
  });

  test("an open socket sends to whom it is told", async () => {
    await using p = await net.ListenPacket("ip4:icmp", "127.0.0.1");
    expect([p.LocalAddr().String(), p.RemoteAddr()]).toEqual(["127.0.0.1", null]);
    p.SetReadDeadline(Date.now() + 2000);
    const to = new net.IPAddr({ IP: net.ParseIP("127.0.0.1") });
    const request = echo(echoRequest4, ++id, "x");
    expect(await p.WriteTo(request, to)).toBe(request.length);
    const b = new Uint8Array(256);
    for (;;) {
      const [n] = await p.ReadFromIP(b);
      if (!isReply(b, echoReply4, id)) continue;
      expect(n).toBe(request.length);
      break;
    }
    expect(await p.WriteMsgIP(request, null, to)).toEqual([request.length, 0]);
    expect((await refusal(() => p.WriteToIP(request, null))).message).toBe(
      "write ip4 127.0.0.1: missing address",
    );
    expect((await refusal(() => p.WriteTo(request, null))).message).toBe(
      "write ip4 127.0.0.1: invalid argument",
    );
    const six = new net.IPAddr({ IP: net.ParseIP("::1") });
    expect((await refusal(() => p.WriteTo(request, six))).message).toBe(
      "write ip4 127.0.0.1->::1: address ::1: non-IPv4 address",
    );
    await using c = await net.DialIP("ip4:1", null, to);
    expect((await refusal(() => c.WriteTo(request, to))).Err).toBe(net.ErrWriteToConnected);
    expect((await refusal(() => c.WriteMsgIP(request, null, to))).Err).toBe(net.ErrWriteToConnected);
  });

  // What Go 1.19 prints for the same calls.
  test("ancillary data says how far one packet may go", async () => {
    const to = new net.IPAddr({ IP: net.ParseIP("127.0.0.1") });
    await using p = await net.ListenIP("ip4:icmp", to);
    p.SetReadDeadline(Date.now() + 2000);
    const request = echo(echoRequest4, ++id, "far");
    expect(await p.WriteMsgIP(request, ttl(0, 2, 7), to)).toEqual([request.length, 24]);
    const b = new Uint8Array(256);
    do await p.Read(b);
    while (!isReply(b.subarray(ipv4HeaderBytes), echoRequest4, id));
    expect(b[8]).toBe(7);
    expect(await p.WriteMsgIP(request, ttl(0, 2, 255), to)).toEqual([request.length, 24]);
    expect(await p.WriteMsgIP(request, ttl(0, 2, 1).subarray(0, 20), to)).toEqual([request.length, 20]);
    for (const wrong of [ttl(0, 2, 0), ttl(0, 2, 256), ttl(0, 2, -1), ttl(0, 9999, 1)]) {
      expect((await refusal(() => p.WriteMsgIP(request, wrong, to))).message).toBe(
        "write ip4 127.0.0.1->127.0.0.1: sendmsg: invalid argument",
      );
    }
  });

  test("ancillary data says how far one packet of IPv6 may go", async () => {
    const to = new net.IPAddr({ IP: net.ParseIP("::1") });
    await using p = await net.ListenIP("ip6:ipv6-icmp", to);
    const request = echo(echoRequest6, ++id, "far");
    for (const hops of [7, 255, 0, -1]) {
      expect(await p.WriteMsgIP(request, ttl(41, 52, hops), to)).toEqual([request.length, 24]);
    }
    expect((await refusal(() => p.WriteMsgIP(request, ttl(41, 52, 256), to))).message).toBe(
      "write ip6 ::1->::1: sendmsg: invalid argument",
    );
  });

  test("ancillary data says how far one datagram may go", async () => {
    const ip = net.IPv4(127, 0, 0, 1);
    await using c = await net.ListenUDP("udp4", new net.UDPAddr({ IP: ip }));
    const to = new net.UDPAddr({ IP: ip, Port: (c.LocalAddr() as InstanceType<Net["UDPAddr"]>).Port });
    await using heard = await net.ListenIP("ip4:udp", new net.IPAddr({ IP: ip }));
    heard.SetReadDeadline(Date.now() + 2000);
    expect(await c.WriteMsgUDP(Uint8Array.of(1), ttl(0, 2, 7), to)).toEqual([1, 24]);
    const b = new Uint8Array(256);
    const port = new DataView(b.buffer, ipv4HeaderBytes);
    do await heard.Read(b);
    while (port.getUint16(2) !== to.Port);
    expect(b[8]).toBe(7);
    expect((await refusal(() => c.WriteMsgUDP(Uint8Array.of(1), ttl(0, 2, 0), to))).message).toMatch(
      /^write udp4 127\.0\.0\.1:\d+->127\.0\.0\.1:\d+: sendmsg: invalid argument$/,
    );
  });

  test("IPv6 has no header anywhere", async () => {
    const to = new net.IPAddr({ IP: net.ParseIP("::1") });
    await using c = await net.DialIP("ip6:ipv6-icmp", null, to);
    expect([c.LocalAddr().String(), c.RemoteAddr()?.String()]).toEqual(["::1", "::1"]);
    c.SetReadDeadline(Date.now() + 2000);
    const request = echo(echoRequest6, ++id, "six");
    const b = new Uint8Array(256);
    for (const read of [() => c.Read(b), async () => (await c.ReadFrom(b))[0]]) {
      await c.Write(request);
      for (;;) {
        const n = await read();
        if (!isReply(b, echoReply6, id)) continue;
        expect(n).toBe(request.length);
        break;
      }
    }
  });

  test("a deadline ends a wait, Close wakes it", async () => {
    const p = await net.ListenIP("ip4:253", null); // a protocol for experiments: RFC 3692
    p.SetReadDeadline(Date.now() + 20);
    expect((await refusal(() => p.Read(new Uint8Array(8)))).Timeout()).toBe(true);
    p.SetReadDeadline(null);
    const waiting = refusal(() => p.ReadFrom(new Uint8Array(8)));
    await p.Close();
    expect((await waiting).Err).toBe(net.ErrClosed);
    expect((await refusal(() => p.Close())).Err).toBe(net.ErrClosed);
  });

  test("networks", async () => {
    const any = new net.IPAddr();
    const local = new net.IPAddr({ IP: net.IPv4(127, 0, 0, 1) });
    const message = async (act: () => unknown): Promise<string> => (await refusal(act)).message;
    expect(await message(() => net.ListenIP("ip4", null))).toBe("listen ip4 : unknown network ip4");
    expect(await message(() => net.ListenIP("ip4:nosuch", any))).toBe(
      "listen ip4:nosuch : address nosuch: unknown IP protocol specified",
    );
    expect(await message(() => net.DialIP("tcp:6", null, local))).toBe(
      "dial tcp:6 127.0.0.1: unknown network tcp:6",
    );
    expect(await message(() => net.DialIP("ip4:1", null, null))).toBe("dial ip4:1: missing address");
    expect(await message(() => net.Dial("ip4:1", "127.0.0.1:80"))).toBe(
      "dial ip4:1: lookup 127.0.0.1:80: no such host",
    );
  });
});
