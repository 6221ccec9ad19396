// Operations with packets, and between Unix sockets of one client, with descriptors that go along.

import type { Conn } from "../src/net.js";
import { noise } from "../src/testing/checking.js";
import type { UnixConn } from "../src/unixsock.js";
import {
  answered,
  failed,
  isTimeout,
  type Operation,
  order,
  type Place,
  read,
  same,
  text,
  utf8,
  write,
} from "./place.js";

const kib = 1024;
const answerMs = 1_000;
const maxDatagram = 1400;
const echoRequest = 8;
const block = noise(4 * kib);

// arrived is what a read of a datagram gave, or null if none came in time: the network is free to lose it.
async function arrived(c: Conn, buffer: Uint8Array): Promise<Uint8Array | null> {
  c.SetReadDeadline(Date.now() + answerMs);
  try {
    return buffer.subarray(0, await c.Read(buffer));
  } catch (err) {
    if (isTimeout(err)) return null;
    throw err;
  }
}

function counted({ counts }: Place, isLost: boolean): void {
  counts.datagrams++;
  if (isLost) counts.lostDatagrams++;
}

// datagram begins with what tells it from the others.
function datagram(place: Place, bytes: number): Uint8Array {
  const b = block.slice(0, bytes);
  b.set(utf8(`${place.id()};`).subarray(0, bytes));
  return b;
}

const udp: Operation = async (place) => {
  const { net, random, targets } = place;
  const c = await net.Dial("udp", targets.udp);
  const buffer = new Uint8Array(2 * kib);
  const all: Uint8Array[] = [];
  for (let i = 1 + random.below(5); i > 0; i--) {
    const sent = datagram(place, 64 + random.below(maxDatagram - 64));
    all.push(sent);
    await c.Write(sent);
    let back = await arrived(c, buffer);
    while (back !== null && !isSame(back, sent)) {
      const came = back;
      same(
        all.some((one) => isSame(came, one)),
        true,
        "an earlier datagram that came late",
      );
      back = await arrived(c, buffer);
    }
    counted(place, back === null);
  }
  await c.Close();
};

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

const packetConn: Operation = async (place) => {
  const { net, targets } = place;
  const c = await net.ListenPacket("udp", "127.0.0.1:0");
  const to = await net.ResolveUDPAddr("udp", targets.udp);
  const sent = datagram(place, 600);
  await c.WriteTo(sent, to);
  c.SetReadDeadline(Date.now() + answerMs);
  const buffer = new Uint8Array(2 * kib);
  try {
    const [n, from] = await c.ReadFrom(buffer);
    same(isSame(buffer.subarray(0, n), sent), true, "the datagram that came back");
    same(String(from), targets.udp, "who sent it");
    counted(place, false);
  } catch (err) {
    if (!isTimeout(err)) throw err;
    counted(place, true);
  }
  await c.Close();
};

const multicast: Operation = async (place) => {
  const { net, random } = place;
  const group = `239.255.${random.below(256)}.${1 + random.below(254)}`;
  const lo = await net.InterfaceByName("lo");
  const c = await net.ListenMulticastUDP("udp4", lo, new net.UDPAddr({ IP: net.ParseIP(group) }));
  const port = Number(c.LocalAddr().String().split(":")[1]);
  const said = place.id();
  same(
    await answered(place, { do: "multicast", group, port, text: said, times: 3 }),
    "ok",
    "what the sender saw",
  );
  const buffer = new Uint8Array(kib);
  for (let i = 0; i < 3; i++) {
    const came = await arrived(c, buffer);
    if (came !== null) same(text(came), said, "what the group heard");
    counted(place, came === null);
  }
  await c.Close();
};

function checksum(b: Uint8Array): number {
  let sum = 0;
  for (const [i, byte] of b.entries()) sum += i % 2 === 0 ? byte << 8 : byte;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

// Every raw socket hears every answer: ours is the one with our words in it.
const ping: Operation = async (place) => {
  const said = place.id();
  const request = Uint8Array.of(
    echoRequest,
    0,
    0,
    0,
    place.random.below(256),
    place.random.below(256),
    0,
    1,
    ...utf8(said),
  );
  new DataView(request.buffer).setUint16(2, checksum(request));
  const c = await place.net.Dial("ip4:icmp", "127.0.0.1");
  await c.Write(request);
  c.SetReadDeadline(Date.now() + answerMs);
  const buffer = new Uint8Array(kib);
  for (;;) {
    const n = await c.ReadFrom(buffer).then(
      ([n]) => n,
      (err: unknown) => (isTimeout(err) ? null : Promise.reject(err)),
    );
    const isOurs = n !== null && buffer[0] === 0 && text(buffer.subarray(8, n)) === said;
    if (n === null || isOurs) counted(place, n === null);
    if (n === null || isOurs) break;
  }
  await c.Close();
};

async function unixPair(place: Place, network: "unix" | "unixpacket"): Promise<[UnixConn, UnixConn]> {
  const { net } = place;
  const l = await net.Listen(network, `@gonet-soak-${place.id()}`);
  const both = await Promise.all([net.Dial(network, l.Addr().String()), l.AcceptUnix()]);
  await l.Close();
  return both;
}

const unixStream: Operation = async (place) => {
  const [c, s] = await unixPair(place, "unix");
  const seed = place.random.uint32();
  const bytes = place.random.below(256 * kib);
  await Promise.all([write(place, c, seed, bytes), read(place, s, seed, bytes)]);
  await Promise.all([c.Close(), s.Close()]);
};

const unixRecords: Operation = async (place) => {
  const [c, s] = await unixPair(place, "unixpacket");
  const buffer = new Uint8Array(8 * kib);
  for (let i = 1 + place.random.below(6); i > 0; i--) {
    const sent = datagram(place, 64 + place.random.below(2 * kib));
    await c.Write(sent);
    same(isSame(buffer.subarray(0, await s.Read(buffer)), sent), true, "a record");
  }
  await Promise.all([c.Close(), s.Close()]);
};

// Frames of datagrams may be lost with a link that breaks, those of Unix sockets too.
const unixDatagrams: Operation = async (place) => {
  const { net } = place;
  const name = new net.UnixAddr({ Name: `@gonet-soak-${place.id()}`, Net: "unixgram" });
  const a = await net.ListenUnixgram("unixgram", name);
  const c = await net.Dial("unixgram", name.String());
  const sent = datagram(place, 500);
  await c.Write(sent);
  const came = await arrived(a, new Uint8Array(kib));
  if (came !== null) same(isSame(came, sent), true, "a datagram");
  counted(place, came === null);
  await Promise.all([c.Close(), a.Close()]);
};

// A connection to a target is passed over a Unix socket, closed, and goes on as the one that was passed.
async function passed(place: Place, network: "unix" | "unixpacket"): Promise<void> {
  const { net } = place;
  const { UnixRights, ParseSocketControlMessage, ParseUnixRights } = net.syscall;
  const far = await order(place, { do: "echo" });
  await Promise.all([write(place, far, 1, 10), read(place, far, 1, 10)]);
  const f = await far.File();
  await far.Close();
  const [c, s] = await unixPair(place, network);
  same((await c.WriteMsgUnix(utf8("file"), UnixRights(f.Fd()), null)).join(), "4,24", "WriteMsgUnix");
  await f.Close();
  const oob = new Uint8Array(64);
  const [n, oobn] = await s.ReadMsgUnix(new Uint8Array(16), oob);
  same(`${n},${oobn}`, "4,24", "ReadMsgUnix");
  const [message] = ParseSocketControlMessage(oob.subarray(0, oobn));
  const [fd = -1] = message === undefined ? [] : ParseUnixRights(message);
  const g = net.os.NewFile(fd, "passed");
  if (g === null) throw new Error(`the descriptor that came is ${fd}`);
  const again = await net.FileConn(g);
  await g.Close();
  const seed = place.random.uint32();
  await Promise.all([write(place, again, seed, 5000), read(place, again, seed, 5000)]);
  await Promise.all([again.Close(), c.Close(), s.Close()]);
}

// A closed Unix socket drops what was not read yet, descriptors too: nobody may keep them open.
const passedToNobody: Operation = async (place) => {
  const [c, s] = await unixPair(place, "unix");
  const u = await place.net.ListenPacket("udp", "127.0.0.1:0");
  const f = await u.File();
  await u.Close();
  await c.WriteMsgUnix(utf8("x"), place.net.syscall.UnixRights(f.Fd()), null);
  await f.Close();
  await Promise.all([c.Close(), s.Close()]);
};

const udpClosed: Operation = async ({ net }) => {
  const c = await net.ListenPacket("udp", "127.0.0.1:0");
  const reading = failed(c.ReadFrom(new Uint8Array(1)), "ReadFrom");
  await c.Close();
  same((await reading).message.endsWith("use of closed network connection"), true, "the end of a read");
};

/** packetOperations are all of them by name, with how often one is taken. */
export const packetOperations: Readonly<Record<string, readonly [weight: number, operation: Operation]>> = {
  udp: [5, udp],
  "packet conn": [2, packetConn],
  "udp closed": [1, udpClosed],
  multicast: [2, multicast],
  ...(process.getuid?.() === 0 ? { ping: [1, ping] as const } : {}),
  "unix stream": [3, unixStream],
  "unix records": [2, unixRecords],
  "unix datagrams": [2, unixDatagrams],
  "descriptor over a stream": [2, (place) => passed(place, "unix")],
  "descriptor over records": [2, (place) => passed(place, "unixpacket")],
  "descriptor to nobody": [1, passedToNobody],
};
