// Packet sockets, files and interfaces of the gateway, spoken to as a client does: by frames, over the pair in memory.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { liveSockets } from "../native/index.js";
import { Deadline } from "../src/wire/deadline.js";
import { PiecesError, type RefusedError } from "../src/wire/errors.js";
import { frameType } from "../src/wire/frame.js";
import { type Packet, PacketWriter, parsePacket } from "../src/wire/packets.js";
import { pair } from "../src/wire/pair.js";
import { Session } from "../src/wire/session.js";
import type { SockAddr } from "../src/wire/sockaddr.js";
import type { Stream } from "../src/wire/stream.js";
import { Sessions } from "./sessions.js";

const never = new Deadline();
const none = new Uint8Array(0);
const loopback = new Uint8Array([127, 0, 0, 1]);
const text = (b: Uint8Array) => Buffer.from(b).toString();
const bytes = (s: string) => new Uint8Array(Buffer.from(s));

let sessions: Sessions;
let session: Session;
const folder = mkdtempSync(join(tmpdir(), "gonet-packets-"));

beforeEach(async () => {
  sessions = new Sessions();
  const link = pair({ defer: setImmediate });
  sessions.serve(link.b, { remoteAddress: "127.0.0.1", origin: null, principal: "test" });
  session = await new Promise((resolve) => {
    const made = new Session({ role: "client", onAttached: () => resolve(made) });
    made.attach(link.a);
  });
});

afterEach(async () => {
  session.close();
  await sessions.close();
  expect(liveSockets()).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Opened {
  stream: Stream;
  local: SockAddr;
  remote: SockAddr | null;
  write(data: string | Uint8Array, address?: SockAddr | null, oob?: Uint8Array): Promise<void>;
  read(): Promise<Packet>;
}

async function open(op: string, ...args: readonly unknown[]): Promise<Opened> {
  const opening = session.open(op, args);
  const { stream } = opening;
  const isUnnumbered = /^(udp|ip)/.test(String(args[0]));
  stream.isUnnumbered = isUnnumbered;
  const result = await opening.answer;
  const [local, remote] = (typeof result[0] === "string" ? result.slice(1) : result) as SockAddr[];
  const writer = new PacketWriter(stream);
  const type = isUnnumbered ? frameType.dgram : frameType.record;
  return {
    stream,
    local: local as SockAddr,
    remote: remote ?? null,
    write: (data, address = null, oob = none) =>
      writer.write(
        { flags: 0, address, oob, data: typeof data === "string" ? bytes(data) : data },
        type,
        never,
      ),
    async read() {
      const payload = await stream.readPacket(never);
      if (payload === null) throw new Error("EOF");
      return parsePacket(payload).packet;
    },
  };
}

const any: SockAddr = [4, loopback, 0];
const path = (name: string): SockAddr => [1, bytes(join(folder, name))];

async function failure(what: Promise<unknown>): Promise<readonly unknown[]> {
  const err = await what.then(
    () => new Error("it worked"),
    (e: unknown) => e,
  );
  if (!(err instanceof PiecesError)) throw err;
  return err.pieces;
}

describe("UDP", () => {
  test("packets go to their address, whole, and come with their sender's", async () => {
    const a = await open("listenPacket", "udp", any, []);
    const b = await open("listenPacket", "udp4", any, []);
    for (const data of [bytes("ping"), none, new Uint8Array(65_507).fill(7)]) {
      await a.write(data, b.local);
      const got = await b.read();
      expect(Buffer.compare(got.data, data)).toBe(0);
      expect(got.address).toEqual(a.local);
    }
    expect(await failure(a.write(new Uint8Array(65_508), b.local))).toEqual(["errno", "", "EMSGSIZE"]);
  });

  test("a connected socket needs no address; a closed port is told once and the socket goes on", async () => {
    const b = await open("listenPacket", "udp", any, []);
    const c = await open("dial", "udp", b.local, null, []);
    expect(c.remote).toEqual(b.local);
    await c.write("dialed");
    expect(text((await b.read()).data)).toBe("dialed");
    b.stream.close();
    await c.write("x");
    const heard = await failure(c.read());
    expect(heard).toEqual(["errno", "", "ECONNREFUSED"]);
    await c.write("y");
    const again = await failure(c.read());
    expect(again).toEqual(["errno", "", "ECONNREFUSED"]);
  });

  test("the far end of a dial is told though the kernel does not know it", async () => {
    const c = await open("dial", "udp", [4, loopback, 0], null, []);
    expect(c.remote).toEqual([4, loopback, 0]);
  });

  test("a piece of ancillary data that is too short for a message is ignored", async () => {
    const a = await open("listenPacket", "udp", any, []);
    const b = await open("listenPacket", "udp", any, []);
    await a.write("x", b.local, new Uint8Array([1, 2, 3]));
    expect(text((await b.read()).data)).toBe("x");
  });

  test("without an address it is EDESTADDRREQ", async () => {
    const a = await open("listenPacket", "udp", any, []);
    expect(await failure(a.write("x"))).toEqual(["errno", "", "EDESTADDRREQ"]);
  });

  test("a client that does not read leaves the rest in the kernel", async () => {
    const a = await open("listenPacket", "udp", any, []);
    const b = await open("listenPacket", "udp", any, []);
    for (let i = 0; i < 2000; i++) await a.write(new Uint8Array(1000), b.local);
    expect(b.stream.readableBytes).toBeLessThanOrEqual(512 * 1024);
    expect(b.stream.readableBytes).toBeGreaterThan(0);
  });

  test("a member of a group hears what others send to it", async () => {
    const group: SockAddr = [4, new Uint8Array([224, 0, 0, 251]), 0];
    const probe = await open("listenPacket", "udp4", [4, new Uint8Array(4), 0], []);
    const port = probe.local[2] as number;
    probe.stream.close();
    const interfaces = (await session.call("interfaces", [])) as [
      number,
      number,
      string,
      Uint8Array,
      number,
    ][];
    const lo = interfaces.find(([, , name]) => name === "lo");
    if (lo === undefined) throw new Error("no loopback interface");
    const m = await open("listenMulticast", "udp4", [4, group[1], port], lo[0]);
    expect(m.local).toEqual([4, new Uint8Array(4), port]);
    const groups = await session.call("multicastAddrs", [lo[0]]);
    expect(groups.map((g) => [...(g as Uint8Array)].join("."))).toContain("224.0.0.251");
    // What is no group is bound as it is, and the kernel says so.
    const none = session.open("listenMulticast", ["udp4", [4, loopback, 0], lo[0]]);
    expect(await failure(none.answer)).toEqual(["errno", "setsockopt", "EINVAL"]);
    const taken = session.open("listenMulticast", ["udp4", m.local, lo[0]]);
    expect(await failure(taken.answer)).toEqual(["errno", "bind", "EADDRINUSE"]);
    const s = await open("listenPacket", "udp4", any, []);
    const sent = s.write("mc", [4, group[1], port]).then(
      () => true,
      () => false, // no route for multicast on this machine: the kernel said so
    );
    if (await sent) expect(text((await m.read()).data)).toBe("mc");
  });
});

describe("Unix", () => {
  test("unixgram: named, answered, to a full receiver", async () => {
    const a = await open("listenPacket", "unixgram", path("ga"), []);
    const b = await open("listenPacket", "unixgram", path("gb"), []);
    await a.write("one", b.local);
    const got = await b.read();
    expect(text(got.data)).toBe("one");
    expect(got.address).toEqual(a.local);
    // More than the receiver's window and its kernel's queue hold: the sender waits, nothing is lost.
    const n = 600;
    const writes = Array.from({ length: n }, (_, i) => a.write(new Uint8Array(2000).fill(i % 256), b.local));
    for (let i = 0; i < n; i++) expect((await b.read()).data[0]).toBe(i % 256);
    await Promise.all(writes);
  });

  test("unixpacket: records, an empty one too, and the end", async () => {
    const listening = session.open("listen", ["unixpacket", path("p"), []]);
    const accepted = new Promise<Stream>((resolve) => listening.stream.becomeListener((s) => resolve(s)));
    await listening.answer;
    listening.stream.grant(1);
    const c = await open("dial", "unixpacket", path("p"), null, []);
    const s = await accepted;
    const read = async () => {
      const payload = await s.readPacket(never);
      return payload === null ? "EOF" : text(parsePacket(payload).packet.data);
    };
    for (const record of ["one", "", "two"]) await c.write(record);
    expect([await read(), await read(), await read()]).toEqual(["one", "", "two"]);
    c.stream.close();
    expect(await read()).toBe("EOF");
    s.close();
    listening.stream.close();
  });

  test("descriptors cross a Unix stream at their place, and become sockets again", async () => {
    const listening = session.open("listen", ["unix", path("s"), []]);
    const accepted = new Promise<Stream>((resolve) => listening.stream.becomeListener((s) => resolve(s)));
    await listening.answer;
    listening.stream.grant(1);
    const c = session.open("dial", ["unix", path("s"), null, []]);
    await c.answer;
    const s = await accepted;
    // A UDP socket's duplicate travels.
    const udp = await open("listenPacket", "udp", any, []);
    const [number] = (await session.call("file", [], udp.stream)) as [number];
    const oob = new Uint8Array(24);
    const view = new DataView(oob.buffer);
    view.setUint32(0, 20, true);
    view.setInt32(8, 1, true);
    view.setInt32(12, 1, true);
    view.setInt32(16, number, true);
    await c.stream.write(bytes("before "), never);
    const writer = new PacketWriter(c.stream);
    await writer.write({ flags: 0, address: null, oob, data: bytes("d") }, frameType.record, never);
    await session.call("closeFile", [number]);
    // The kernel may hand bytes that came before over together with the descriptor.
    const b = new Uint8Array(100);
    const before = text(b.subarray(0, await s.read(b, never)));
    const { packet } = parsePacket((await s.readPacket(never)) as Uint8Array);
    expect(before + text(packet.data)).toBe("before d");
    expect(packet.oob.length).toBe(24);
    const received = new DataView(packet.oob.slice().buffer).getInt32(16, true);
    const again = session.open("fileConn", [received]);
    again.stream.isUnnumbered = true;
    expect(await again.answer).toEqual(["udp", udp.local, null]);
    await session.call("closeFile", [received]);
    await expect(session.call("closeFile", [received])).rejects.toThrow("EBADF");
    for (const stream of [s, c.stream, listening.stream, again.stream]) stream.close();
  });

  test("the listener's file goes with it, unless it was told not to", async () => {
    for (const unlink of [true, false]) {
      const name = `u${unlink}`;
      const first = session.open("listen", ["unix", path(name), []]);
      first.stream.becomeListener(() => {});
      await first.answer;
      await session.call("unlinkOnClose", [unlink], first.stream);
      first.stream.close();
      const second = session.open("listen", ["unix", path(name), []]);
      second.stream.becomeListener(() => {});
      const err = await second.answer.then(
        () => null,
        (e: unknown) => e,
      );
      if (unlink) expect(err).toBeNull();
      else expect((err as RefusedError).pieces).toEqual(["errno", "bind", "EADDRINUSE"]);
      second.stream.close();
    }
  });

  test("hostile ancillary data and paths are errors", async () => {
    const a = await open("listenPacket", "unixgram", path("ha"), []);
    const b = await open("listenPacket", "unixgram", path("hb"), []);
    const lies = new Uint8Array(24).fill(0xff);
    expect(await failure(a.write("x", b.local, lies))).toEqual(["errno", "", "EINVAL"]);
    const unknown = new Uint8Array(24);
    new DataView(unknown.buffer).setUint32(0, 20, true);
    new DataView(unknown.buffer).setInt32(8, 1, true);
    new DataView(unknown.buffer).setInt32(12, 1, true);
    new DataView(unknown.buffer).setInt32(16, 99, true);
    expect(await failure(a.write("x", b.local, unknown))).toEqual(["errno", "", "EBADF"]);
    const long = session.open("dial", ["unix", [1, new Uint8Array(108).fill(0x61)], null, []]);
    expect(await failure(long.answer)).toEqual(["errno", "connect", "EINVAL"]);
  });
});

describe("raw IP", () => {
  test.skipIf(process.getuid?.() !== 0)("an ICMP echo comes back with its header", async () => {
    const c = await open("dial", "ip4", [4, loopback, 0], null, [["protocol", 1]]);
    expect(c.remote).toEqual([4, loopback, 0]);
    const request = new Uint8Array([8, 0, 0, 0, 0x43, 0x21, 0, 1, ...bytes("gonet-echo")]);
    let sum = 0;
    for (let i = 0; i < request.length; i += 2)
      sum += ((request[i] as number) << 8) | (request[i + 1] as number);
    sum = (sum & 0xffff) + (sum >> 16);
    request[2] = (~sum >> 8) & 0xff;
    request[3] = ~sum & 0xff;
    await c.write(request);
    for (;;) {
      const { data } = await c.read();
      expect((data[0] as number) >> 4).toBe(4);
      const icmp = data.subarray(((data[0] as number) & 15) * 4);
      if (icmp[0] !== 0 || icmp[4] !== 0x43) continue; // the request itself, or somebody else's
      expect(text(icmp.subarray(8))).toBe("gonet-echo");
      break;
    }
  });
});

describe("interfaces", () => {
  test("loopback has its address", async () => {
    const all = (await session.call("interfaces", [])) as [number, number, string, Uint8Array, number][];
    const lo = all.find(([, , name]) => name === "lo");
    expect(lo).toBeDefined();
    const [index = 0, , , , flags = 0] = lo ?? [];
    expect(flags & 4).toBe(4); // loopback
    const addrs = (await session.call("interfaceAddrs", [index])) as [Uint8Array, number][];
    expect(addrs.map(([ip, prefix]) => `${[...ip].slice(-4).join(".")}/${prefix}`)).toContain("127.0.0.1/8");
  });

  test.skipIf(process.platform !== "linux")("of all interfaces, those of IPv4 come first", async () => {
    const addrs = (await session.call("interfaceAddrs", [0])) as [Uint8Array, number][];
    const lengths = addrs.map(([ip]) => ip.length);
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
  });
});
