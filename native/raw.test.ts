// Raw sockets: packets of a protocol, made and read by hand. They need privileges.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { again, type Received, readable, Socket } from "./index.js";
import { control, int, ints, parse } from "./testing/control.js";
import { closeAll, failure, keep, loopback, loopback6, until } from "./testing/loopback.js";

afterEach(closeAll);

const linux = process.platform === "linux";
const noRaw =
  process.getuid?.() === 0 && failure(() => Socket.open(4, "raw", 1).close()) === "no error"
    ? ""
    : "raw sockets need privileges";

const icmp = 1;
const icmp6 = 58;
// A number that is kept for experiments, RFC 3692.
const experiment = 253;
const echoId = process.pid & 0xffff;
const headerBytes = 20;
const icmpBytes = 8;

// checksum is the Internet checksum, RFC 1071.
function checksum(b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < b.length; i += 2) sum += (b[i]! << 8) | (b[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

function echo(type: number, withChecksum: boolean): Uint8Array {
  const b = Uint8Array.of(
    type,
    0,
    0,
    0,
    echoId >> 8,
    echoId & 255,
    0,
    1,
    ...new TextEncoder().encode("ping"),
  );
  if (withChecksum) new DataView(b.buffer).setUint16(2, checksum(b));
  return b;
}

// receive waits for the first message that passes.
async function receive(
  socket: Socket,
  passes: (b: Uint8Array) => boolean,
  oobLength = 0,
): Promise<[Uint8Array, Received]> {
  const b = new Uint8Array(2000);
  for (;;) {
    const got = socket.recvMsg(b, 0, b.length, oobLength);
    if (got === again) await until(socket, readable);
    else if (passes(b.subarray(0, got.n))) return [b.slice(0, got.n), got];
  }
}

test("an echo over IPv4 comes back, with its header", async ({ skip }) => {
  if (noRaw) skip(noRaw);
  const socket = keep(Socket.open(4, "raw", icmp));
  expect(socket.kind()).toEqual({ family: 4, type: "raw", protocol: linux ? icmp : 0 });
  const request = echo(8, true);
  expect(socket.sendMsg(request, 0, request.length, loopback, null, [])).toBe(request.length);
  const [packet, got] = await receive(
    socket,
    (b) => b[headerBytes] === 0 && ((b[headerBytes + 4]! << 8) | b[headerBytes + 5]!) === echoId,
  );
  expect(got.addr).toEqual(loopback);
  expect(packet[0]).toBe(0x45);
  expect([...packet.subarray(12, 16)]).toEqual([127, 0, 0, 1]);
  expect(packet.subarray(headerBytes + 8)).toEqual(request.subarray(8));
});

test("an echo over IPv6 comes back without one, and the kernel makes the checksum", async ({ skip }) => {
  if (noRaw) skip(noRaw);
  const socket = keep(Socket.open(6, "raw", icmp6));
  socket.setOption("IPV6_RECVHOPLIMIT", 1);
  const request = echo(128, false);
  expect(socket.sendMsg(request, 0, request.length, loopback6, null, [])).toBe(request.length);
  const isReply = (b: Uint8Array) => b[0] === 129 && ((b[4]! << 8) | b[5]!) === echoId;
  const [packet, got] = await receive(socket, isReply, 128);
  expect(got.addr).toEqual(loopback6);
  expect(packet.subarray(8)).toEqual(request.subarray(8));
  expect((packet[2]! << 8) | packet[3]!).not.toBe(0);
  if (linux) expect(int(parse(got.oob)[0]!.data)).toBe(64);
});

test("a protocol of one's own, connected and not, over IPv4 and IPv6", async ({ skip }) => {
  if (noRaw) skip(noRaw);
  for (const address of [loopback, loopback6]) {
    const [from, to] = [4, 4].map(() => keep(Socket.open(address[0], "raw", experiment))) as [Socket, Socket];
    to.bind(address);
    from.connect(address);
    // Linux does not name a peer that has no port.
    if (linux) expect(from.remoteAddr()).toBeNull();
    const sent = new TextEncoder().encode("packet");
    expect(from.sendMsg(sent, 0, 6, null, null, [])).toBe(6);
    expect(from.write(sent, 0, 6)).toBe(6);
    const header = address[0] === 4 ? headerBytes : 0;
    for (let i = 0; i < 2; i++) {
      const [packet, got] = await receive(to, () => true);
      expect(new TextDecoder().decode(packet.subarray(header))).toBe("packet");
      expect(got.addr!.slice(0, 2)).toEqual(address.slice(0, 2));
    }
  }
});

test("a header of one's own is sent as it is", async ({ skip }) => {
  if (noRaw) skip(noRaw);
  const from = keep(Socket.open(4, "raw", experiment));
  const to = keep(Socket.open(4, "raw", experiment));
  from.setOption("IP_HDRINCL", 1);
  const packet = new Uint8Array(headerBytes + 2);
  // version and length, total length, a TTL of 9, the protocol, from and to.
  packet.set([0x45, 0, 0, packet.length, 0, 1, 0, 0, 9, experiment, 0, 0, 127, 0, 0, 5, 127, 0, 0, 1, 7, 8]);
  expect(from.sendMsg(packet, 0, packet.length, loopback, null, [])).toBe(packet.length);
  const [got, { addr }] = await receive(to, () => true);
  expect(addr!.slice(0, 2)).toEqual([4, Uint8Array.of(127, 0, 0, 5)]);
  expect([got[8], ...got.subarray(headerBytes)]).toEqual([9, 7, 8]);
  for (const wrong of [packet.subarray(0, 10), new Uint8Array(headerBytes)]) {
    const failed = failure(() => from.sendMsg(wrong, 0, wrong.length, loopback, null, []));
    expect(failed).toMatch(/^sendmsg (EINVAL|EFAULT)$|^no error$/);
  }
});

test("ancillary data sets the TTL of one packet", async ({ skip }) => {
  if (noRaw || !linux) skip(noRaw || "the layout is Linux's");
  const from = keep(Socket.open(4, "raw", experiment));
  const to = keep(Socket.open(4, "raw", experiment));
  const ipTtl = 2;
  from.sendMsg(Uint8Array.of(1), 0, 1, loopback, control(0, ipTtl, ints(33)), []);
  const [packet] = await receive(to, () => true);
  expect(packet[8]).toBe(33);
});

test("packets nobody could have made pass through whole", async ({ skip }) => {
  if (noRaw) skip(noRaw);
  const from = keep(Socket.open(4, "raw", icmp));
  const to = keep(Socket.open(4, "raw", icmp));
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed >> 16;
  };
  for (let i = 0; i < 1000; i++) {
    // What is shorter than an ICMP header the kernel does not pass on.
    const b = Uint8Array.from({ length: icmpBytes + (random() % 100) }, random);
    expect(from.sendMsg(b, 0, b.length, loopback, null, [])).toBe(b.length);
    const [packet] = await receive(to, (p) => Buffer.compare(p.subarray(headerBytes), b) === 0);
    expect(packet[9]).toBe(icmp);
  }
});

test("without privileges it is EPERM", ({ skip }) => {
  const limits = fileURLToPath(new URL("testing/limits.mjs", import.meta.url));
  if (process.getuid?.() !== 0) {
    expect(failure(() => Socket.open(4, "raw", icmp))).toBe("socket EPERM");
    return;
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, [limits, "unprivileged"], {
    encoding: "utf8",
  });
  if (!linux) skip("only Linux says EPERM here");
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "EPERM EPERM\n", stderr: "" });
});
