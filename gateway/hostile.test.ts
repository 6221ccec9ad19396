// Hostile clients of a real gateway, which runs in a process of its own: byte by byte over a raw socket. Whatever they do,
// the gateway refuses it with a code, lives on, and another session of it loses nothing.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Net } from "../src/connect.js";
import type { Conn } from "../src/net.js";
import { pack, Raw } from "../src/testing/fuzz/pack.js";
import { GatewayProcess } from "../src/testing/gatewayprocess.js";
import { frameBytes, hello } from "../src/testing/rawpeer.js";
import { hex } from "../src/testing/wireframes.js";
import { maxControlBytes, maxMessageBytes, maxPayloadBytes, frameType as T } from "../src/wire/frame.js";
import { opcode, type RawFrame, RawWebSocket } from "./testing/rawwebsocket.js";

const kib = 1024;
const mebibyte = 1024 * kib;
const loopback = Uint8Array.of(127, 0, 0, 1);

let gateway: GatewayProcess;
let server: Server;
let net: Net;
let other: Conn;
let echoed = 0;

beforeAll(async () => {
  gateway = await GatewayProcess.start();
  server = createServer((socket) => {
    socket.on("error", () => {}); // what is tested is the other end
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  net = await gateway.connect();
  other = await net.Dial("tcp", `127.0.0.1:${port()}`);
});

afterAll(async () => {
  await net.session.close();
  await gateway.stop();
  server.close();
});

// OK-other: the second session of the gateway, opened before all of this, goes on without a gap.
afterEach(async () => {
  const said = new TextEncoder().encode(`line ${++echoed}`);
  const heard = new Uint8Array(said.length);
  await Promise.all([other.Write(said), net.io.ReadFull(other, heard)]);
  expect(heard).toEqual(said);
});

function port(): number {
  return (server.address() as AddressInfo).port;
}

function open(): Promise<RawWebSocket> {
  return RawWebSocket.open(gateway.url, gateway.token);
}

const binary = (payload: Uint8Array): RawFrame => ({ opcode: opcode.binary, payload });
const join = (...parts: Uint8Array[]): Uint8Array => Buffer.concat(parts);

// greeted is a client that has shaken hands; dialed has a stream besides, with id 1.
async function greeted(): Promise<RawWebSocket> {
  const ws = await open();
  ws.write(binary(frameBytes(hello)));
  await ws.until((b) => b[1] === T.welcome);
  return ws;
}

async function dialed(): Promise<RawWebSocket> {
  const ws = await greeted();
  ws.write(binary(frameBytes([T.open, 1, "dial", ["tcp", [4, loopback, port()], null, []]])));
  await ws.until((b) => b.includes("\x93\x11\x01", 0, "latin1"));
  return ws;
}

// refused is the code with which a session ends that sends message.
async function refused(
  message: Uint8Array,
  from: () => Promise<RawWebSocket> = greeted,
): Promise<number | null> {
  const ws = await from();
  ws.write(binary(message));
  return ws.end();
}

describe("messages", () => {
  test("W01: an empty one, and each of one byte, is 4400", { timeout: 60_000 }, async () => {
    expect(await refused(new Uint8Array())).toBe(4400);
    expect(await refused(new Uint8Array(), open)).toBe(4400);
    for (let b = 0; b <= 0xff; b++) expect(await refused(Uint8Array.of(b)), `0x${b.toString(16)}`).toBe(4400);
  });

  test("W02: lengths of 2^32 - 1 are 4400, and no memory is taken", { timeout: 60_000 }, async () => {
    const before = await gateway.holdings();
    for (const head of ["dd", "df", "c6", "db", "c9"]) {
      for (const bytes of [`${head}ffffffff`, `94 10 01 ${head}ffffffff 00`, `92 04 ${head}ffffffff`]) {
        for (let i = 0; i < 5; i++) expect(await refused(hex(bytes)), bytes).toBe(4400);
      }
    }
    const after = await gateway.holdings();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(mebibyte);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(4 * mebibyte);
  });

  test("W03: arrays in arrays, 10,000 deep and a million, are refused", async () => {
    expect(await refused(new Uint8Array(10_000).fill(0x91))).toBe(4400);
    expect(await refused(new Uint8Array(maxMessageBytes).fill(0x91))).toBe(4400);
    expect(await refused(new Uint8Array(1_000_000).fill(0x91))).toBe(1009);
  });

  test("W04, W05, W06: extensions, maps and 0xc1 are 4400, alone and as a field", async () => {
    const ext = [
      "d442",
      "d562",
      "d665",
      "d769",
      "d870",
      "c70172",
      "c8000173",
      "c90000000174",
      "c70178",
      "d4ff",
      "d400",
    ];
    const maps = [
      "80",
      "81a16101",
      "81a95f5f70726f746f5f5f90",
      "81ab636f6e7374727563746f7290",
      "de0000",
      "df00000000",
    ];
    for (const bytes of [...ext.map((e) => e + "41".repeat(16)), ...maps, "c1"]) {
      expect(await refused(hex(bytes)), bytes).toBe(4400);
      expect(await refused(hex(`9204${bytes}`)), bytes).toBe(4400);
      expect(await refused(hex(`951a0100a16f91${bytes}`)), bytes).toBe(4400);
    }
  });

  test("W07: a byte left over, or missing, is 4400; the reason has none of it; two whole frames are fine", async () => {
    const secret = Buffer.from("hunter2");
    for (const message of [join(hex("920401"), secret), join(hex("9307cd1130ab"), secret)]) {
      const ws = await greeted();
      ws.write(binary(message));
      expect(await ws.end()).toBe(4400);
      for (const { payload } of ws.messages()) expect(payload.includes(secret)).toBe(false);
    }
    const ws = await greeted();
    ws.write(binary(hex("920401 920402")));
    await ws.until((b) => b.equals(hex("920502")));
    ws.socket.destroy();
  });

  test("W08: a control frame of 16,384 bytes is answered, one byte more is 4400", async () => {
    const call = (size: number) => {
      const head = hex("951a0100a16f91c6");
      const n = size - head.length - 4;
      return join(head, Uint8Array.of(0, 0, n >> 8, n & 0xff), new Uint8Array(n));
    };
    const ws = await greeted();
    expect(call(maxControlBytes)).toHaveLength(maxControlBytes);
    ws.write(binary(call(maxControlBytes)));
    await ws.until((b) => b.includes("unknown operation o"));
    ws.socket.destroy();
    expect(await refused(call(maxControlBytes + 1))).toBe(4400);
  });

  test("W08: DATA of 262,144 bytes goes through, one byte more is 4400", async () => {
    const ws = await dialed();
    ws.write(binary(frameBytes([T.data, 1, new Uint8Array(maxPayloadBytes)])));
    ws.write(binary(frameBytes([T.credit, 1, 2 * maxPayloadBytes])));
    let came = 0;
    await ws.until(() => {
      came = ws.messages().reduce((n, { payload }) => n + (payload[1] === T.data ? payload.length : 0), 0);
      return came >= maxPayloadBytes;
    });
    ws.socket.destroy();
    expect(await refused(frameBytes([T.data, 1, new Uint8Array(maxPayloadBytes + 1)]), dialed)).toBe(4400);
  });

  test("W08: a message of 278,528 bytes is read, one byte more is 1009, unread", async () => {
    const pings = (n: number) => Uint8Array.from({ length: n }, (_, i) => [0x92, T.pong, 1][i % 3] as number);
    const ws = await greeted();
    const whole = Math.floor(maxMessageBytes / 3) * 3 - 3;
    const tail = maxMessageBytes - whole === 4 ? hex("9205cc01") : hex("9205cd0001");
    const full = join(pings(whole), tail.length === maxMessageBytes - whole ? tail : hex("920501"));
    expect(full.length).toBe(maxMessageBytes);
    ws.write(binary(full), binary(hex("920407")));
    await ws.until((b) => b.equals(hex("920507")));
    ws.socket.destroy();

    const before = await gateway.holdings();
    const attackers = await Promise.all(Array.from({ length: 8 }, greeted));
    for (const attacker of attackers) {
      attacker.write({ opcode: opcode.binary, payload: pings(1000), announced: maxMessageBytes + 1 });
    }
    for (const attacker of attackers) expect(await attacker.end()).toBe(1009);
    const after = await gateway.holdings();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(512 * kib);
  });
});

describe("ids", () => {
  const ids: readonly (readonly [name: string, id: unknown])[] = [
    ["0", 0],
    ["-1", -1],
    ["1.5", 1.5],
    ["NaN", Number.NaN],
    ["2^53", 2 ** 53],
    ["2^63", new Raw([0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0])],
    ["even", 2],
    ["used", 1],
    ["as text", "3"],
  ];
  test.each(ids)("W09: OPEN with id %s is 4400", async (_, id) => {
    const dial = ["tcp", [4, loopback, port()], null, []];
    expect(await refused(pack([T.open, id, "dial", dial]), dialed)).toBe(4400);
  });

  test.each(ids.filter(([name]) => name !== "used"))(
    "W09: CREDIT, FIN and CLOSE on id %s are 4400",
    async (name, id) => {
      if (name !== "0") expect(await refused(pack([T.credit, id, 1]), dialed)).toBe(4400); // 0 is the session
      expect(await refused(pack([T.fin, id]), dialed)).toBe(4400);
      expect(await refused(pack([T.close, id]), dialed)).toBe(4400);
    },
  );

  test("W09: an id that was never opened, or is closed on both sides, is 4400", async () => {
    expect(await refused(frameBytes([T.fin, 99]), dialed)).toBe(4400);
    const ws = await dialed();
    ws.write(binary(frameBytes([T.close, 1])));
    await ws.until((b) => b.includes("\x92\x17\x01", 0, "latin1"));
    ws.write(binary(frameBytes([T.data, 1, new Uint8Array(1)])));
    expect(await ws.end()).toBe(4400);
  });
});

describe("WebSocket frames", () => {
  test("W12: 10,000 empty fragments, and a message in fragments of one byte, are 1008", async () => {
    const empty = { opcode: opcode.continuation, isLast: false };
    const first = await greeted();
    first.write({ opcode: opcode.binary, isLast: false }, ...Array.from({ length: 10_000 }, () => empty));
    expect(await first.end()).toBe(1008);
    const second = await greeted();
    second.write({ opcode: opcode.binary, isLast: false, payload: hex("92") });
    for (let i = 0; i < 1_000; i++) second.write({ ...empty, payload: hex("04") });
    expect(await second.end()).toBe(1008);
  });

  test("W12: a message in 64 fragments is read, in 65 it is 1008", async () => {
    const inFragments = async (n: number) => {
      const ws = await greeted();
      ws.write({ opcode: opcode.binary, isLast: false, payload: hex("92") });
      for (let i = 2; i < n; i++) ws.write({ opcode: opcode.continuation, isLast: false });
      ws.write({ opcode: opcode.continuation, payload: hex("0409") });
      return ws;
    };
    const ws = await inFragments(64);
    await ws.until((b) => b.equals(hex("920509")));
    ws.socket.destroy();
    expect(await (await inFragments(65)).end()).toBe(1008);
  });

  const close = (code: number, ...reason: number[]): RawFrame => ({
    opcode: opcode.close,
    payload: Uint8Array.of(code >> 8, code & 0xff, ...reason),
  });
  const wrong: readonly (readonly [name: string, frame: RawFrame, code: number])[] = [
    ["an unmasked frame", { ...binary(hex("920401")), isMasked: false }, 1002],
    ["RSV1", { ...binary(hex("920401")), reserved: 4 }, 1002],
    ["RSV2", { ...binary(hex("920401")), reserved: 2 }, 1002],
    ["RSV3", { ...binary(hex("920401")), reserved: 1 }, 1002],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((n): readonly [string, RawFrame, number] => [
      `opcode ${n}`,
      { opcode: n, payload: hex("00") },
      1002,
    ]),
    ["a continuation of nothing", { opcode: opcode.continuation, payload: hex("00") }, 1002],
    ["a ping in fragments", { opcode: opcode.ping, isLast: false }, 1002],
    ["a ping of 126 bytes", { opcode: opcode.ping, payload: new Uint8Array(126) }, 1002],
    ["a close of one byte", { opcode: opcode.close, payload: hex("03") }, 1002],
    ...[0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535].map(
      (code): readonly [string, RawFrame, number] => [`close code ${code}`, close(code), 1002],
    ),
    ["a close reason that is not UTF-8", close(1000, 0xc3, 0x28), 1007],
  ];
  test.each(wrong)("W13: %s ends the link with the code for it", async (_, frame, code) => {
    const ws = await dialed();
    ws.write(frame);
    expect(await ws.end()).toBe(code);
  });

  test("W13: a length of 2^63 is 1009", async () => {
    const ws = await greeted();
    ws.write(Uint8Array.of(0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect(await ws.end()).toBe(1009);
  });

  test("W14: a text frame, before and after HELLO, is 1003", async () => {
    for (const from of [open, greeted, dialed]) {
      const ws = await from();
      ws.write({ opcode: opcode.text, payload: frameBytes(hello).map((b) => b & 0x7f) });
      expect(await ws.end()).toBe(1003);
    }
  });
});

describe("versions", () => {
  test("W20: another version is 4400, an unknown ability is ignored, an unknown type of frame is 4400", async () => {
    for (const version of [0, 2, 255]) {
      expect(await refused(pack([T.hello, version, [], null, null, 1, 0, ""]), open)).toBe(4400);
      expect(await refused(pack([T.hello, version, "of", "another", "form"]), open)).toBe(4400);
    }
    const ws = await open();
    ws.write(binary(frameBytes([T.hello, 1, ["resume", "teleport", 7], null, null, 1, 0, ""])));
    await ws.until((b) => b[1] === T.welcome && b.includes("resume") && !b.includes("teleport"));
    ws.socket.destroy();
    for (const type of [0, 9, 15, 32, 100, 255]) expect(await refused(pack([type, 1]))).toBe(4400);
  });

  test.skip("W20: a client of the version before, and one of the next (there is only version 1)", () => {});
});

test("all of it left nothing behind", { timeout: 60_000 }, async () => {
  const settled = async () => (await gateway.holdings()).sockets;
  await expect.poll(settled, { timeout: 15_000 }).toBe(1);
  const before = (await gateway.holdings()).descriptors;
  for (let i = 0; i < 100; i++) await refused(frameBytes([T.fin, 1]), i % 2 === 0 ? greeted : open);
  await expect.poll(async () => (await gateway.holdings()).descriptors, { timeout: 15_000 }).toBe(before);
});
