import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Deadline } from "./deadline.js";
import { WireError } from "./errors.js";
import { frameType, maxPayloadBytes } from "./frame.js";
import {
  headerOf,
  maxHeaderBytes,
  maxPacketBytes,
  type Packet,
  PacketWriter,
  parsePacket,
} from "./packets.js";
import { pair } from "./pair.js";
import { Session } from "./session.js";
import type { SockAddr } from "./sockaddr.js";
import type { Stream } from "./stream.js";

const none = new Uint8Array(0);
const bytes = (...b: number[]) => new Uint8Array(b);

function payloadOf(offset: number, p: Packet): Uint8Array {
  const header = headerOf(offset, p.flags, p.address, p.oob);
  return new Uint8Array([...header, ...p.data]);
}

describe("headers", () => {
  test.each([
    ["no address", null, "00 0000"],
    ["IPv4", [4, bytes(127, 0, 0, 1), 53], "07 04 7f000001 0035 0000"],
    [
      "IPv6 with a zone",
      [6, new Uint8Array(16).fill(1), 80, "lo"],
      `15 06 ${"01".repeat(16)} 0050 6c6f 0000`,
    ],
    ["Unix", [1, bytes(0x2f, 0x61)], "03 01 2f61 0000"],
  ] as const)("%s", (_, address, hex) => {
    const header = headerOf(2 ** 32 + 5, 0x40, address as SockAddr | null, none);
    expect(Buffer.from(header).toString("hex")).toBe(
      `0000000100000005${"00000040"}${hex.replaceAll(" ", "")}`,
    );
    expect(header.length).toBeLessThanOrEqual(maxHeaderBytes);
  });

  const address: fc.Arbitrary<SockAddr | null> = fc.oneof(
    fc.constant(null),
    fc.tuple(fc.constant(4 as const), fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.nat(65535)),
    fc.tuple(
      fc.constant(6 as const),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.nat(65535),
      fc.stringMatching(/^[a-z0-9]{0,15}$/),
    ),
    fc.tuple(fc.constant(1 as const), fc.uint8Array({ maxLength: 108 })),
  );

  test("a packet comes back as it was", () => {
    const seed = Date.now() & 0xffff;
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.nat(0x7fffffff),
        address,
        fc.uint8Array({ maxLength: 64 }),
        fc.uint8Array({ maxLength: 300 }),
        (offset, flags, to, oob, data) => {
          const packet = { flags, address: to, oob, data };
          expect(parsePacket(payloadOf(offset, packet))).toEqual({ offset, packet });
        },
      ),
      { seed, numRuns: 500 },
    );
  });

  test("what is cut short, or lies about its lengths, is refused", () => {
    const whole = payloadOf(0, {
      flags: 0,
      address: [4, bytes(1, 2, 3, 4), 5],
      oob: bytes(1, 2, 3),
      data: none,
    });
    for (let n = 0; n < whole.length; n++) {
      expect(() => parsePacket(whole.subarray(0, n))).toThrow(WireError);
    }
    const family = whole.slice();
    family[13] = 9;
    expect(() => parsePacket(family)).toThrow(WireError);
    const far = whole.slice();
    far[0] = 0xff; // an offset past 2^53
    expect(() => parsePacket(far)).toThrow(WireError);
    const oob = new Uint8Array(40_000);
    oob.set(headerOf(0, 0, null, none));
    oob[13] = 0x90; // 36,864 bytes of ancillary data
    expect(() => parsePacket(oob)).toThrow(WireError);
  });

  test("any bytes are a packet or a WireError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (b) => {
        try {
          parsePacket(b);
        } catch (err) {
          expect(err).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

// joined makes a session in memory with one open stream of packets.
async function joined(unnumbered: boolean): Promise<{ client: Stream; gateway: Stream; ends: Session[] }> {
  const link = pair({ defer: setImmediate });
  let gateway: Stream | undefined;
  const server = new Session({
    role: "gateway",
    handler: {
      open(stream) {
        stream.isUnnumbered = unnumbered;
        gateway = stream;
        stream.opened([]);
      },
      call: () => [],
    },
  });
  server.attach(link.b);
  const session = await new Promise<Session>((resolve) => {
    const made = new Session({ role: "client", onAttached: () => resolve(made) });
    made.attach(link.a);
  });
  const opening = session.open("packets", []);
  opening.stream.isUnnumbered = unnumbered;
  await opening.answer;
  return { client: opening.stream, gateway: gateway as Stream, ends: [session, server] };
}

const packet = (data: Uint8Array): Packet => ({ flags: 0, address: null, oob: none, data });

describe.each([
  ["DGRAM", true, frameType.dgram],
  ["RECORD", false, frameType.record],
] as const)("packets by %s", (_, unnumbered, type) => {
  test("keep their boundaries and order; each write ends when its packet was sent", async () => {
    const { client, gateway, ends } = await joined(unnumbered);
    const writer = new PacketWriter(client);
    const none = new Deadline();
    const writes = [0, 1, 70_000].map((n) => writer.write(packet(new Uint8Array(n).fill(n)), type, none));
    for (const [i, n] of [0, 1, 70_000].entries()) {
      const payload = (await gateway.readPacket(none)) as Uint8Array;
      const { offset, packet: got } = parsePacket(payload);
      expect(got.data).toEqual(new Uint8Array(n).fill(n));
      gateway.sentPacket(offset, i === 1 ? ["errno", "sendto", "EPERM"] : null);
    }
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.map((o) => o.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    ends[0]?.close();
  });

  test("a packet begins only with credit, and may then be longer than it", async () => {
    const { client, gateway, ends } = await joined(unnumbered);
    const writer = new PacketWriter(client);
    const none = new Deadline();
    const big = maxPacketBytes(null, new Uint8Array(0));
    const sizes = [200_000, big, 10];
    for (const n of sizes) writer.write(packet(new Uint8Array(n)), type, none).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 50)); // nothing more comes: there is no event for that
    const headerBytes = headerOf(0, 0, null, new Uint8Array(0)).length;
    expect(gateway.readableBytes).toBe(200_000 + headerBytes + maxPayloadBytes); // the second began within the window
    await gateway.readPacket(none);
    await gateway.readPacket(none);
    const last = parsePacket((await gateway.readPacket(none)) as Uint8Array);
    expect(last.packet.data.length).toBe(10);
    ends[0]?.close();
  });

  test("a deadline, close and the end of the session end a write that waits", async () => {
    const { client, ends } = await joined(unnumbered);
    const writer = new PacketWriter(client);
    const soon = new Deadline();
    soon.set(Date.now() + 20);
    await expect(writer.write(packet(bytes(1)), type, soon)).rejects.toThrow("deadline");
    const open = new Deadline();
    const closed = writer.write(packet(bytes(1)), type, open);
    client.close();
    await expect(closed).rejects.toThrow("stream closed");
    ends[0]?.close();
    const other = await joined(unnumbered);
    const lost = new PacketWriter(other.client).write(packet(bytes(1)), type, open);
    other.ends[1]?.close();
    await expect(lost).rejects.toThrow();
  });

  test("a fault is told once, to a read or a write, and the socket goes on", async () => {
    const { client, gateway, ends } = await joined(unnumbered);
    const writer = new PacketWriter(client);
    const none = new Deadline();
    const read = client.readPacket(none);
    gateway.fault(["errno", "", "ECONNREFUSED"]);
    await expect(read).rejects.toThrow("ECONNREFUSED");
    gateway.fault(["errno", "", "ECONNREFUSED"]);
    await expect(client.readPacket(none)).rejects.toThrow("ECONNREFUSED");
    const write = writer.write(packet(bytes(1)), type, none);
    await gateway.readPacket(none);
    gateway.sentPacket(0, null);
    await write;
    ends[0]?.close();
  });
});

test("a RECORD keeps its place among the bytes of a stream", async () => {
  const { client, gateway, ends } = await joined(false);
  const none = new Deadline();
  const text = (s: string) => new TextEncoder().encode(s);
  await client.write(text("before"), none);
  const writer = new PacketWriter(client);
  const sent = writer.write({ ...packet(text("with")), oob: bytes(9, 9) }, frameType.record, none);
  await new Promise((resolve) => setImmediate(resolve));
  client.source = client;
  await client.write(text("after"), none);
  const b = new Uint8Array(64);
  expect(Buffer.from(b.subarray(0, await gateway.read(b, none))).toString()).toBe("before");
  const record = parsePacket((await gateway.readPacket(none)) as Uint8Array);
  expect(Buffer.from(record.packet.data).toString()).toBe("with");
  expect(record.packet.oob).toEqual(bytes(9, 9));
  gateway.sentPacket(record.offset, null);
  await sent;
  expect(Buffer.from(b.subarray(0, await gateway.read(b, none))).toString()).toBe("after");
  ends[0]?.close();
});
