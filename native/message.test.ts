// Messages with addresses: datagrams and packets of every family.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { again, type Received, readable, type SockAddr, Socket, type SockType, writable } from "./index.js";
import { msgCmsgCloexec, msgTrunc } from "./testing/control.js";
import { closeAll, failure, keep, listen, loopback, loopback6, pair, until } from "./testing/loopback.js";

const folders: string[] = [];

afterEach(() => {
  closeAll();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const linux = process.platform === "linux";
const unnamed: SockAddr = [1, new Uint8Array(0)];
const text = (s: string) => new TextEncoder().encode(s);

function path(name: string): SockAddr {
  const folder = mkdtempSync(join(tmpdir(), "gonet-"));
  folders.push(folder);
  return [1, text(join(folder, name))];
}

function bound(address: SockAddr, type: SockType = "dgram"): Socket {
  const socket = keep(Socket.open(address[0], type));
  socket.bind(address);
  return socket;
}

function send(socket: Socket, message: string, to: SockAddr | null = null): number {
  const b = text(message);
  return socket.sendMsg(b, 0, b.length, to, null, []);
}

// receive waits for a message and gives it with its text.
async function receive(socket: Socket, size = 100): Promise<Received & { text: string }> {
  const b = new Uint8Array(size);
  for (;;) {
    const got = socket.recvMsg(b, 0, size, 0);
    if (got !== again) return { ...got, text: new TextDecoder().decode(b.subarray(0, got.n)) };
    await until(socket, readable);
  }
}

const kinds: [name: string, address: () => SockAddr, flags: number][] = [
  ["UDP over IPv4", () => loopback, 0],
  ["UDP over IPv6", () => loopback6, 0],
  ["Unix datagrams at a path", () => path("s"), msgCmsgCloexec],
  ["Unix datagrams at an abstract name", () => unnamed, msgCmsgCloexec],
];

test.each(kinds)("%s name who sent them, and an answer finds the way back", async (name, address, flags) => {
  if (!linux && name.includes("abstract")) return;
  const [a, b] = [bound(address()), bound(address())];
  expect(send(a, "question", b.localAddr())).toBe(8);
  const got = await receive(b);
  expect(got).toMatchObject({ n: 8, text: "question", addr: a.localAddr(), flags });
  expect(send(b, "answer", got.addr)).toBe(6);
  expect(await receive(a)).toMatchObject({ text: "answer", addr: b.localAddr() });
  expect(a.recvMsg(new Uint8Array(1), 0, 1, 0)).toBe(again);
});

test.each(kinds)("%s can be empty, and keep their boundaries", async (_, address) => {
  const [a, b] = [bound(address()), bound(address())];
  for (const message of ["one", "", "three"]) send(a, message, b.localAddr());
  const got = [await receive(b), await receive(b), await receive(b)];
  expect(got.map((one) => one.text)).toEqual(["one", "", "three"]);
  for (const one of got) expect(one.addr).toEqual(a.localAddr());
});

test.each(kinds)("%s that are too long are cut, and say so", async (_, address, flags) => {
  const [a, b] = [bound(address()), bound(address())];
  for (let i = 0; i < 4; i++) send(a, "0123456789", b.localAddr());
  send(a, "next", b.localAddr());
  expect(await receive(b, 4)).toMatchObject({ n: 4, text: "0123", flags: flags | msgTrunc });
  expect(await receive(b, 1)).toMatchObject({ n: 1, text: "0", flags: flags | msgTrunc });
  expect(await receive(b, 0)).toMatchObject({ n: 0, addr: a.localAddr(), flags: flags | msgTrunc });
  expect(await receive(b, 10)).toMatchObject({ n: 10, flags });
  expect(await receive(b)).toMatchObject({ text: "next", flags });
});

test.each(kinds)("%s can be connected", async (_, address, flags) => {
  const [a, b, c] = [bound(address()), bound(address()), bound(address())];
  expect(a.connect(b.localAddr()!)).toBe(true);
  expect(a.remoteAddr()).toEqual(b.localAddr());
  expect(send(a, "to the peer")).toBe(11);
  expect(await receive(b)).toMatchObject({ text: "to the peer", addr: a.localAddr() });
  // Only the peer gets through to a connected socket.
  expect(failure(() => send(c, "from a stranger", a.localAddr()))).toBe(flags ? "sendmsg EPERM" : "no error");
  send(b, "from the peer", a.localAddr());
  expect(await receive(a)).toMatchObject({ text: "from the peer", addr: b.localAddr() });
});

test("the largest datagrams arrive whole, and one byte more is EMSGSIZE", async () => {
  for (const [address, most] of [
    [loopback, 65_507],
    [loopback6, 65_527],
  ] as const) {
    const [a, b] = [bound(address), bound(address)];
    const bytes = new Uint8Array(most + 1).map((_, i) => i % 251);
    expect(a.sendMsg(bytes, 0, most, b.localAddr(), null, [])).toBe(most);
    await until(b, readable);
    const into = new Uint8Array(most + 1);
    expect(b.recvMsg(into, 1, most, 0)).toMatchObject({ n: most, addr: a.localAddr(), flags: 0 });
    expect(Buffer.compare(into.subarray(1), bytes.subarray(0, most))).toBe(0);
    const tooLong = failure(() => a.sendMsg(bytes, 0, most + 1, b.localAddr(), null, []));
    expect(tooLong).toBe("sendmsg EMSGSIZE");
  }
});

test("a datagram longer than the sender's buffer is EMSGSIZE on a Unix socket too", () => {
  const [a, b] = [bound(path("a")), bound(path("b"))];
  a.setOption("SO_SNDBUF", 4096);
  expect(failure(() => a.sendMsg(new Uint8Array(100_000), 0, 100_000, b.localAddr(), null, []))).toBe(
    "sendmsg EMSGSIZE",
  );
});

test("a message goes into the part of the array that was named, and out of it", async () => {
  const [a, b] = [bound(loopback), bound(loopback)];
  expect(a.sendMsg(text("_hello_"), 1, 5, b.localAddr(), null, [])).toBe(5);
  await until(b, readable);
  const into = new Uint8Array(9).fill(255);
  expect(b.recvMsg(into, 2, 5, 0)).toMatchObject({ n: 5 });
  expect([...into]).toEqual([255, 255, ...text("hello"), 255, 255]);
});

test("plain messages share what they have nothing in, and nothing else", async () => {
  const [a, b] = [bound(loopback), bound(loopback)];
  for (const message of ["1", "2"]) send(a, message, b.localAddr());
  const [one, two] = [await receive(b), await receive(b)];
  expect([one.oob.length, one.fds.length, one.rights.length]).toEqual([0, 0, 0]);
  expect(one.fds).toBe(two.fds);
  expect(one.oob).toBe(two.oob);
  expect(Object.isFrozen(one.fds) && Object.isFrozen(one.rights)).toBe(true);
  // An address stays what it is when the next message comes.
  expect(one.addr![1]).not.toBe(two.addr![1]);
});

test("an unnamed Unix sender has no address, and neither has a TCP peer", async () => {
  const b = bound(path("b"));
  send(keep(Socket.open(1, "dgram")), "x", b.localAddr());
  expect((await receive(b)).addr).toBeNull();
  const [client, server] = await pair();
  send(client, "x");
  expect(await receive(server)).toMatchObject({ text: "x", addr: null, flags: 0 });
});

test("names keep their zero bytes, and paths of every length come back", async ({ skip }) => {
  if (!linux) skip("only Linux has abstract names");
  const b = bound(path("b"));
  const inside = text(`\0gonet-${process.pid}\0\0`);
  const full = new Uint8Array(108).fill(0x61);
  full.set(text(`\0${process.pid}-`));
  for (const name of [inside, full]) {
    send(bound([1, name]), "x", b.localAddr());
    expect((await receive(b)).addr).toEqual([1, name]);
  }
  const longest = text(`${folders[0]}/`.padEnd(107, "x"));
  send(bound([1, longest]), "x", b.localAddr());
  expect((await receive(b)).addr).toEqual([1, longest]);
});

test("packets keep their boundaries and end", async ({ skip }) => {
  if (!linux) skip("Unix sockets have no packets on this system");
  const listener = bound(path("l"), "seqpacket");
  listener.listen(1);
  const client = bound(path("c"), "seqpacket");
  client.connect(listener.localAddr()!);
  const server = keep(listener.accept()!);
  for (const message of ["one", "two", "0123456789"]) expect(send(client, message)).toBe(message.length);
  expect((await receive(server)).text).toBe("one");
  expect((await receive(server)).text).toBe("two");
  const cut = await receive(server, 4);
  expect([cut.text, cut.flags & msgTrunc]).toEqual(["0123", msgTrunc]);
  client.close();
  expect((await receive(server)).n).toBe(0);
  expect(failure(() => send(server, "x"))).toBe("sendmsg EPIPE");
});

test("streams can be received as messages too", async () => {
  const listener = listen(path("l"));
  const client = keep(Socket.open(1, "stream"));
  client.connect(listener.localAddr()!);
  const server = keep(listener.accept()!);
  send(client, "hello");
  expect((await receive(server, 3)).text).toBe("hel");
  expect((await receive(server, 3)).text).toBe("lo");
  send(server, "x");
  // A stream names the peer that has a name.
  expect((await receive(client)).addr).toEqual(linux ? listener.localAddr() : null);
  client.close();
  expect((await receive(server)).n).toBe(0);
});

test("a refused datagram is ECONNREFUSED at the next call, whichever it is", async () => {
  const free = bound(loopback);
  const nobody = free.localAddr()!;
  free.close();
  const calls: [(socket: Socket) => unknown, unknown][] = [
    [(socket) => socket.recvMsg(new Uint8Array(1), 0, 1, 0), "recvmsg ECONNREFUSED"],
    [(socket) => send(socket, "again"), "sendmsg ECONNREFUSED"],
  ];
  for (const [call, wanted] of calls) {
    const socket = bound(loopback);
    socket.connect(nobody);
    send(socket, "x");
    expect(await until(socket, readable)).toBe(readable | writable);
    expect(failure(() => call(socket))).toBe(wanted);
    expect(socket.recvMsg(new Uint8Array(1), 0, 1, 0)).toBe(again);
  }
  const socket = bound(loopback);
  socket.connect(nobody);
  send(socket, "x");
  await until(socket, readable);
  expect(socket.getOption("SO_ERROR")).not.toBe(0);
  expect(socket.getOption("SO_ERROR")).toBe(0);
  // Without a connection, nobody hears of it.
  const loose = bound(loopback);
  send(loose, "x", nobody);
  expect(send(loose, "x", nobody)).toBe(1);
});

test("a full receiver is again, though the socket is writable, until there is room", async ({ skip }) => {
  if (!linux) skip("other systems say ENOBUFS");
  const [a, b] = [bound(path("a")), bound(path("b"))];
  let sent = 0;
  while (send(a, "x", b.localAddr()) !== again) sent++;
  expect(sent).toBeGreaterThan(1);
  expect(await until(a, writable)).toBe(writable);
  expect(send(a, "x", b.localAddr())).toBe(again);
  await receive(b);
  expect(send(a, "x", b.localAddr())).toBe(1);
});

test("where a message cannot go", () => {
  const udp = bound(loopback);
  const gone = bound(path("gone"));
  const goneAt = gone.localAddr()!;
  gone.close();
  const unix = bound(path("unix"));
  const stream = listen(path("stream"));
  const wanted: [Socket, SockAddr | null, unknown][] = [
    [udp, null, "sendmsg EDESTADDRREQ"],
    [udp, [4, Uint8Array.of(127, 0, 0, 1), 0], "sendmsg EINVAL"],
    [udp, [4, new Uint8Array(4).fill(255), 9], "sendmsg EACCES"],
    [udp, [6, loopback6[1], 9, ""] as SockAddr, "sendmsg EAFNOSUPPORT"],
    [udp, unix.localAddr(), /^sendmsg (EAFNOSUPPORT|EINVAL)$/],
    [unix, null, "sendmsg ENOTCONN"],
    [unix, loopback, "sendmsg EINVAL"],
    [unix, goneAt, "sendmsg ECONNREFUSED"],
    [unix, path("missing"), "sendmsg ENOENT"],
    [unix, stream.localAddr(), "sendmsg EPROTOTYPE"],
    [unix, [1, new Uint8Array(108).fill(0x61)], "sendmsg EINVAL"],
    [unix, [1, new Uint8Array(200).fill(0x61)], "sendmsg EINVAL"],
    [unix, [1, text("/tmp/a\0b")], "sendmsg EINVAL"],
    [unix, [1, new Uint8Array(109)], "sendmsg EINVAL"],
  ];
  for (const [socket, to, error] of wanted) {
    const got = failure(() => send(socket, "x", to));
    if (error instanceof RegExp) expect(got).toMatch(error);
    else if (linux) expect(got, String(to)).toBe(error);
    else expect(got).toMatch(/^sendmsg E/);
  }
});

test("messages on sockets that are not connected, or closed", () => {
  const b = new Uint8Array(1);
  const tcp = keep(Socket.open(4, "stream"));
  expect(failure(() => tcp.recvMsg(b, 0, 1, 0))).toBe("recvmsg ENOTCONN");
  expect(failure(() => send(tcp, "x"))).toBe(linux ? "sendmsg EPIPE" : "sendmsg ENOTCONN");
  tcp.close();
  expect(failure(() => tcp.recvMsg(b, 0, 1, 64))).toBe("recvmsg EBADF");
  expect(failure(() => send(tcp, "x"))).toBe("sendmsg EBADF");
  expect(failure(() => tcp.kind())).toBe("getsockopt EBADF");
  expect(failure(() => tcp.joinGroup(new Uint8Array(4), 0))).toBe("setsockopt EBADF");
});

test("kind is what a socket was made as, and what was accepted", async () => {
  const [client, server] = await pair();
  expect(client.kind()).toEqual({ family: 4, type: "stream", protocol: linux ? 6 : 0 });
  expect(server.kind()).toEqual(client.kind());
  expect(bound(loopback6).kind()).toEqual({ family: 6, type: "dgram", protocol: linux ? 17 : 0 });
  expect(keep(Socket.open(1, "dgram")).kind()).toEqual({ family: 1, type: "dgram", protocol: 0 });
  if (linux) expect(keep(Socket.open(1, "seqpacket")).kind().type).toBe("seqpacket");
});
