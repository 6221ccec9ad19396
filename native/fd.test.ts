// Descriptors of every kind: owned, read and written without ever waiting, made into sockets.

import { readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { again, Fd, liveFds, readable, Socket } from "./index.js";
import { donate, noDonor } from "./testing/donor.js";
import {
  accept,
  closeAll,
  connect,
  failure,
  keep,
  listen,
  loopback,
  pair,
  until,
} from "./testing/loopback.js";

const owned: Fd[] = [];

// own remembers descriptors, which are all closed after the test.
function own(...fds: Fd[]): Fd[] {
  owned.push(...fds);
  return fds;
}

const one = (fd: Fd) => own(fd)[0]!;

let open = 0;

beforeEach(() => {
  open = descriptors();
});

afterEach(() => {
  closeAll();
  for (const fd of owned.splice(0)) fd.close();
  expect(liveFds(), "descriptors left open").toBe(0);
  expect(descriptors(), "descriptors left open").toBe(open);
});

const linux = process.platform === "linux";
const text = (s: string) => new TextEncoder().encode(s);
const b = new Uint8Array(16);
const got = (n: number) => new TextDecoder().decode(b.subarray(0, n));

function descriptors(): number {
  return readdirSync("/dev/fd").length;
}

// flagsOf is how a descriptor is open, as the system tells: O_NONBLOCK and O_CLOEXEC are among the bits.
function flagsOf(fd: Fd): number {
  const info = readFileSync(`/proc/self/fdinfo/${fd.fd}`, "latin1");
  return Number.parseInt(/^flags:\s*([0-7]+)$/m.exec(info)![1]!, 8);
}

const nonblock = 0o4000;
const cloexec = 0o2000000;

test("a descriptor of a socket lives longer than the socket", async () => {
  const [client, server] = await pair();
  const fd = one(Fd.of(client));
  expect(fd.fd).not.toBe(client.fd);
  expect(liveFds()).toBe(1);
  const address = client.localAddr();
  client.close();
  const again = keep(fd.toSocket());
  expect(again.localAddr()).toEqual(address);
  expect(again.write(text("still here"), 0, 10)).toBe(10);
  await until(server, readable);
  expect(got(server.read(b, 0, 16))).toBe("still here");
  fd.close();
  again.close();
  await until(server, readable);
  expect(server.read(b, 0, 16)).toBe(0);
});

test("a listener is passed on whole", async () => {
  const listener = listen();
  const fd = one(Fd.of(listener));
  listener.close();
  const next = keep(fd.toSocket());
  expect(next.getOption("SO_ACCEPTCONN")).not.toBe(0);
  const client = await connect(next.localAddr()!);
  expect((await accept(next)).remoteAddr()).toEqual(client.localAddr());
});

test.each([
  [4, "stream"],
  [4, "dgram"],
  [6, "dgram"],
  [1, "stream"],
  [1, "dgram"],
] as const)("a socket of family %i and type %s stays what it is", (family, type) => {
  const socket = keep(Socket.open(family, type));
  const next = keep(one(Fd.of(socket)).toSocket());
  expect(next.kind()).toEqual(socket.kind());
  expect(next.kind()).toMatchObject({ family, type });
});

test("dup is another descriptor of the same thing, and neither is inherited", ({ skip }) => {
  if (!linux) skip("only Linux tells how a descriptor is open");
  const socket = keep(Socket.open(4, "dgram"));
  const first = one(Fd.of(socket));
  const second = one(first.dup());
  expect(new Set([socket.fd, first.fd, second.fd]).size).toBe(3);
  for (const fd of [first, second]) expect(flagsOf(fd) & cloexec).toBe(cloexec);
  first.close();
  expect(keep(second.toSocket()).localAddr()).toEqual(socket.localAddr());
});

test("close is idempotent, and every other method fails afterwards", () => {
  const fd = Fd.of(keep(Socket.open(4, "stream")));
  expect(fd.closed).toBe(false);
  fd.close();
  fd.close();
  expect([fd.closed, fd.fd]).toEqual([true, -1]);
  expect(failure(() => fd.dup())).toBe("fcntl EBADF");
  expect(failure(() => fd.toSocket())).toBe("fcntl EBADF");
  expect(failure(() => fd.read(b, 0, 1))).toBe("read EBADF");
  expect(failure(() => fd.write(b, 0, 1))).toBe("write EBADF");
  const socket = Socket.open(4, "stream");
  socket.close();
  expect(failure(() => Fd.of(socket))).toBe("fcntl EBADF");
});

test("arguments are checked as everywhere", () => {
  const fd = one(Fd.of(keep(Socket.open(4, "stream"))));
  expect(() => fd.read(b, 9, 9)).toThrow(RangeError);
  expect(() => fd.write(null as never, 0, 0)).toThrow(TypeError);
  expect(() => Fd.of({} as never)).toThrow(TypeError);
});

test("what is no socket says so, and a socket that has no place here too", async ({ skip }) => {
  if (noDonor) skip(noDonor);
  const kinds = ["pipe", "file", "directory", "null"];
  for (const [fd] of (await donate(...kinds)).map((fds) => own(...fds))) {
    expect(failure(() => fd!.toSocket())).toBe("getsockopt ENOTSOCK");
  }
  const [[netlink]] = (await donate("netlink")) as [[Fd]];
  expect(failure(() => one(netlink).toSocket())).toBe(" EPROTONOSUPPORT");
});

test("a pipe that blocks is read and written without waiting, and stays as it was", async ({ skip }) => {
  if (noDonor) skip(noDonor);
  const [[out, into]] = (await donate("pipe")) as [[Fd, Fd]];
  own(out, into);
  const before = [flagsOf(out), flagsOf(into)];
  expect(before[0]! & nonblock).toBe(0);
  expect(out.read(b, 0, 16)).toBe(again);
  expect(into.write(text("_hello_"), 1, 5)).toBe(5);
  expect(out.read(b, 4, 3)).toBe(3);
  expect(got(7).slice(4)).toBe("hel");
  expect(got(out.read(b, 0, 16))).toBe("lo");
  expect(out.read(b, 0, 16)).toBe(again);

  const chunk = new Uint8Array(10_000);
  let written = 0;
  for (let n = 0; n !== again; n = into.write(chunk, 0, chunk.length)) written += n;
  expect(written).toBeGreaterThan(4096);
  let read = 0;
  for (let n = 0; n !== again; n = out.read(chunk, 0, chunk.length)) read += n;
  expect(read).toBe(written);
  expect([flagsOf(out), flagsOf(into)]).toEqual(before);

  into.write(text("end"), 0, 3);
  into.close();
  expect(got(out.read(b, 0, 16))).toBe("end");
  expect(out.read(b, 0, 16)).toBe(0);
  expect(failure(() => out.write(b, 0, 1))).toBe("write EBADF");
});

test("a pipe nobody reads from is EPIPE", async ({ skip }) => {
  if (noDonor) skip(noDonor);
  const [[out, into]] = (await donate("pipe")) as [[Fd, Fd]];
  own(out, into);
  out.close();
  expect(failure(() => into.write(b, 0, 1))).toBe("write EPIPE");
});

test("a socket that blocks is read and written without waiting", async ({ skip }) => {
  if (noDonor) skip(noDonor);
  const [[left, right]] = (await donate("pair")) as [[Fd, Fd]];
  own(left, right);
  expect(flagsOf(left) & nonblock).toBe(0);
  expect(left.read(b, 0, 16)).toBe(again);
  expect(right.write(text("hello"), 0, 5)).toBe(5);
  expect(got(left.read(b, 0, 16))).toBe("hello");
  const chunk = new Uint8Array(1 << 16);
  while (right.write(chunk, 0, chunk.length) !== again);
  expect(flagsOf(left) & nonblock).toBe(0);
  // Made into a socket, it is nonblocking for both.
  const socket = keep(left.toSocket());
  expect(flagsOf(left) & nonblock).toBe(nonblock);
  expect(socket.read(chunk, 0, chunk.length)).toBeGreaterThan(0);
  right.close();
  socket.close();
  while (left.read(chunk, 0, chunk.length) > 0);
  expect(failure(() => left.write(b, 0, 1))).toBe("write EPIPE");
});

test("files, devices and what cannot be read", async ({ skip }) => {
  if (noDonor) skip(noDonor);
  const kinds = ["file", "null", "full", "directory", "path", "event", "terminal"];
  const given = await donate(...kinds);
  own(...given.flat());
  const [[file], [none], [full], [directory], [path], [event], [master, slave]] = given as [
    [Fd],
    [Fd],
    [Fd],
    [Fd],
    [Fd],
    [Fd],
    [Fd, Fd],
  ];
  // What a file descriptor and its duplicate share is also the place in the file.
  const second = one(file.dup());
  expect(file.write(text("hello world"), 0, 11)).toBe(11);
  expect(second.read(b, 0, 16)).toBe(0);
  expect(none.read(b, 0, 16)).toBe(0);
  expect(none.write(b, 0, 16)).toBe(16);
  expect(failure(() => full.write(b, 0, 1))).toBe("write ENOSPC");
  expect(failure(() => directory.read(b, 0, 1))).toBe("read EISDIR");
  expect(failure(() => path.read(b, 0, 1))).toBe("read EBADF");
  expect(event.read(b, 0, 8)).toBe(again);
  expect(event.write(Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0), 0, 8)).toBe(8);
  expect(failure(() => event.read(b, 0, 4))).toBe("read EINVAL");
  expect(event.read(b, 0, 8)).toBe(8);
  expect(b[0]).toBe(7);
  expect(slave.read(b, 0, 16)).toBe(again);
  expect(master.write(text("line\n"), 0, 5)).toBe(5);
  expect(got(slave.read(b, 0, 16))).toBe("line\n");
  const flood = new Uint8Array(1 << 16).fill(0x78);
  while (slave.write(flood, 0, flood.length) !== again);
});

test("a listener that another program made goes on here", async ({ skip }) => {
  if (noDonor) skip(noDonor);
  const [[fd]] = (await donate("listener")) as [[Fd]];
  const listener = keep(one(fd).toSocket());
  expect(listener.localAddr()!.slice(0, 2)).toEqual([4, loopback[1]]);
  const client = await connect(listener.localAddr()!);
  expect((await accept(listener)).remoteAddr()).toEqual(client.localAddr());
});
