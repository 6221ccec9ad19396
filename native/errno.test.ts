// Every errno a TCP user can meet, produced for real.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { readable, type SockAddr, Socket, SysError } from "./index.js";
import { closeAll, connect, failure, keep, listen, loopback, pair, until } from "./testing/loopback.js";

const folders: string[] = [];

afterEach(() => {
  closeAll();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function path(name: string): SockAddr {
  const folder = mkdtempSync(join(tmpdir(), "gonet-"));
  folders.push(folder);
  return [1, new TextEncoder().encode(join(folder, name))];
}

const linux = process.platform === "linux";
const b = new Uint8Array(4);
const tcp = () => keep(Socket.open(4, "stream"));
const udp = () => keep(Socket.open(4, "dgram"));
const unix = () => keep(Socket.open(1, "stream"));

// freePort is an address nobody listens on.
function freePort(): SockAddr {
  const listener = listen();
  const address = listener.localAddr()!;
  listener.close();
  return address;
}

test("SysError carries the call and the errno's name", () => {
  const err = new SysError("connect", "ECONNREFUSED");
  expect(err).toBeInstanceOf(Error);
  expect([err.name, err.syscall, err.errno, err.message]).toEqual([
    "SysError",
    "connect",
    "ECONNREFUSED",
    "connect: ECONNREFUSED",
  ]);
});

test("a refused connection is ECONNREFUSED, not the status of the poll", async () => {
  await expect(connect(freePort())).rejects.toMatchObject({ syscall: "connect", errno: "ECONNREFUSED" });
  const address = freePort();
  await expect(connect([6, new Uint8Array(16).fill(1, 15), address[2]!, ""])).rejects.toMatchObject({
    errno: "ECONNREFUSED",
  });
});

test("a refused datagram is ECONNREFUSED at the next call", async () => {
  const socket = udp();
  socket.connect(freePort());
  socket.write(b, 0, 1);
  expect(await until(socket, readable)).toBe(readable | 2);
  expect(failure(() => socket.read(b, 0, 1))).toBe("read ECONNREFUSED");
});

test("addresses that are taken, foreign or of the wrong kind", () => {
  const listener = listen();
  expect(failure(() => tcp().bind(listener.localAddr()!))).toBe("bind EADDRINUSE");
  expect(failure(() => tcp().bind([4, Uint8Array.of(192, 0, 2, 1), 0]))).toBe("bind EADDRNOTAVAIL");
  expect(failure(() => listener.bind(loopback))).toBe("bind EINVAL");
  expect(failure(() => keep(Socket.open(6, "stream")).bind(loopback))).toBe(
    linux ? "bind EINVAL" : "bind EAFNOSUPPORT",
  );
  expect(failure(() => tcp().bind([1, new Uint8Array(0)]))).toMatch(/^bind (EINVAL|EAFNOSUPPORT)$/);
  expect(failure(() => tcp().connect([6, new Uint8Array(16), 1, ""]))).toBe("connect EAFNOSUPPORT");
});

test("two listeners on one port meet at listen", () => {
  const first = tcp();
  const second = tcp();
  for (const socket of [first, second]) socket.setOption("SO_REUSEADDR", 1);
  first.bind(loopback);
  second.bind(first.localAddr()!);
  first.listen(1);
  expect(failure(() => second.listen(1))).toBe("listen EADDRINUSE");
});

test("calls that do not fit the state", async () => {
  const socket = tcp();
  expect(failure(() => socket.read(b, 0, 1))).toBe("read ENOTCONN");
  expect(failure(() => socket.shutdown("write"))).toBe("shutdown ENOTCONN");
  expect(failure(() => socket.write(b, 0, 1))).toBe(linux ? "write EPIPE" : "write ENOTCONN");
  expect(socket.remoteAddr()).toBeNull();
  expect(failure(() => socket.accept())).toBe("accept EINVAL");
  expect(failure(() => udp().accept())).toBe(linux ? "accept4 EOPNOTSUPP" : "accept EOPNOTSUPP");
  expect(failure(() => udp().listen(1))).toBe("listen EOPNOTSUPP");
  expect(failure(() => udp().write(b, 0, 1))).toBe("write EDESTADDRREQ");
  const [client] = await pair();
  expect(failure(() => client.listen(1))).toBe("listen EINVAL");
  const listener = listen();
  expect(failure(() => listener.connect(listener.localAddr()!))).toMatch(
    /^connect (EISCONN|EOPNOTSUPP|EINVAL)$|no error/,
  );
});

test("a datagram that is too long, and one to everybody", () => {
  const socket = udp();
  socket.connect(freePort());
  expect(failure(() => socket.write(new Uint8Array(70_000), 0, 70_000))).toBe("write EMSGSIZE");
  expect(failure(() => udp().connect([4, new Uint8Array(4).fill(255), 9]))).toBe("connect EACCES");
});

test("socket kinds that do not exist", () => {
  expect(failure(() => Socket.open(4, "stream", 17))).toBe("socket EPROTONOSUPPORT");
  expect(failure(() => Socket.open(4, "dgram", 6))).toBe("socket EPROTONOSUPPORT");
  expect(failure(() => Socket.open(1, "stream", 6))).toBe("socket EPROTONOSUPPORT");
});

test("options that do not fit", () => {
  expect(failure(() => tcp().setOption("SO_ERROR", 0))).toBe("setsockopt ENOPROTOOPT");
  expect(failure(() => unix().setOption("TCP_NODELAY", 1))).toMatch(/^setsockopt (EOPNOTSUPP|ENOPROTOOPT)$/);
  expect(failure(() => tcp().setOption("TCP_KEEPIDLE", 0))).toBe("setsockopt EINVAL");
  expect(failure(() => tcp().setOption("IP_TTL", 300))).toBe("setsockopt EINVAL");
  expect(failure(() => udp().setOption("TCP_NODELAY", 1))).toMatch(/^setsockopt (EOPNOTSUPP|ENOPROTOOPT)$/);
});

test("Unix paths", () => {
  const taken = path("taken");
  unix().bind(taken);
  expect(failure(() => unix().bind(taken))).toBe("bind EADDRINUSE");
  expect(failure(() => unix().connect(taken))).toBe("connect ECONNREFUSED");
  expect(failure(() => unix().connect(path("missing")))).toBe("connect ENOENT");
  const file = path("file");
  writeFileSync(Buffer.from(file[1]), "");
  expect(failure(() => unix().connect(file))).toBe("connect ECONNREFUSED");
  expect(failure(() => unix().bind([1, Buffer.concat([file[1], Buffer.from("/below")])]))).toBe(
    "bind ENOTDIR",
  );
  const datagrams = path("datagrams");
  keep(Socket.open(1, "dgram")).bind(datagrams);
  expect(failure(() => unix().connect(datagrams))).toBe("connect EPROTOTYPE");
});

test("a Unix listener with a full queue is EAGAIN, not a pending connect", () => {
  const listener = unix();
  listener.bind(path("full"));
  listener.listen(0);
  expect(unix().connect(listener.localAddr()!)).toBe(true);
  const full = failure(() => {
    for (let i = 0; i < 4; i++) unix().connect(listener.localAddr()!);
  });
  expect(full).toBe(linux ? "connect EAGAIN" : "connect ECONNREFUSED");
});

test("an unanswered connect is ETIMEDOUT", async ({ skip }) => {
  if (!linux) skip("only Linux has TCP_USER_TIMEOUT for a connect");
  const listener = tcp();
  listener.bind(loopback);
  listener.listen(0);
  // The queue holds one connection more than its limit; the kernel drops what comes after that.
  await connect(listener.localAddr()!);
  const socket = tcp();
  socket.setOption("TCP_USER_TIMEOUT", 300);
  await expect(connect(listener.localAddr()!, socket)).rejects.toMatchObject({
    syscall: "connect",
    errno: "ETIMEDOUT",
  });
});
