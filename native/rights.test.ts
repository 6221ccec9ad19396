// Ancillary data: descriptors that are passed, and what else comes beside a message.

import { readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  again,
  Fd,
  liveFds,
  type OptionName,
  type Received,
  readable,
  type SockAddr,
  Socket,
} from "./index.js";
import {
  control,
  int,
  ints,
  msgCmsgCloexec,
  msgCtrunc,
  parse,
  rights,
  room,
  scmCredentials,
  scmPidfd,
  scmRights,
  solSocket,
} from "./testing/control.js";
import { donate, noDonor } from "./testing/donor.js";
import { closeAll, connect, failure, keep, loopback, loopback6, until } from "./testing/loopback.js";

const owned: Fd[] = [];
let open = 0;

// own remembers a descriptor, which is closed after the test.
function own(fd: Fd): Fd {
  owned.push(fd);
  return fd;
}

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
const b = new Uint8Array(64);

function descriptors(): number {
  return readdirSync("/dev/fd").length;
}

// unixPair is two Unix sockets that are connected with each other.
function unixPair(type: "stream" | "dgram" | "seqpacket" = "dgram"): [Socket, Socket] {
  const at = keep(Socket.open(1, type));
  at.bind([1, new Uint8Array(0)]);
  const from = keep(Socket.open(1, type));
  if (type === "dgram") {
    from.connect(at.localAddr()!);
    return [from, at];
  }
  at.listen(1);
  from.connect(at.localAddr()!);
  return [from, keep(at.accept()!)];
}

// bound is a socket with something to tell it by: its address.
function bound(): [Fd, SockAddr] {
  const socket = keep(Socket.open(4, "dgram"));
  socket.bind(loopback);
  return [own(Fd.of(socket)), socket.localAddr()!];
}

function receive(socket: Socket, oobLength: number, length = b.length): Received {
  const got = socket.recvMsg(b, 0, length, oobLength);
  if (got === again) throw new Error("nothing came");
  for (const fd of got.fds) own(fd);
  return got;
}

const addressOf = (fd: Fd) => keep(fd.toSocket()).localAddr();

test.runIf(linux).each(["stream", "dgram", "seqpacket"] as const)(
  "descriptors pass over %s sockets, in their order",
  (type) => {
    const [from, to] = unixPair(type);
    const [one, two, three] = [bound(), bound(), bound()];
    const message = new TextEncoder().encode("three of them");
    const sent = from.sendMsg(message, 0, message.length, null, rights(3), [one[0], two[0], three[0]]);
    expect(sent).toBe(message.length);
    const got = receive(to, room(3));
    expect(got).toMatchObject({ n: message.length, flags: msgCmsgCloexec, addr: null });
    expect(got.fds.map(addressOf)).toEqual([one[1], two[1], three[1]]);
    expect(got.oob.length).toBe(room(3));
    const [found] = parse(got.oob);
    expect([found!.level, found!.type, found!.data.length]).toEqual([solSocket, scmRights, 12]);
    expect(got.rights).toEqual([0, 4, 8].map((n) => found!.offset + n));
    for (const [i, at] of got.rights.entries()) expect(int(got.oob.subarray(at))).toBe(got.fds[i]!.fd);
    expect(liveFds()).toBe(6);
  },
);

test("a received descriptor is not inherited", ({ skip }) => {
  if (!linux) skip("only Linux tells how a descriptor is open");
  const [from, to] = unixPair();
  from.sendMsg(b, 0, 1, null, rights(1), [bound()[0]]);
  const [fd] = receive(to, room(1)).fds;
  expect(readFileSync(`/proc/self/fdinfo/${fd!.fd}`, "latin1")).toMatch(/^flags:\s*02[0-7]{6}$/m);
});

test("what is sent beside a message is not changed, and may be part of other memory", () => {
  const [from, to] = unixPair();
  const memory = new Uint8Array(room(1) + 3);
  memory.set(rights(1), 3);
  const before = memory.slice();
  from.sendMsg(b, 0, 1, null, memory.subarray(3), [bound()[0]]);
  expect(memory).toEqual(before);
  expect(receive(to, room(1)).fds.length).toBe(1);
});

test("ancillary data is the receiver's own", () => {
  const [from, to] = unixPair();
  for (let i = 0; i < 2; i++) from.sendMsg(b, 0, 1, null, rights(1), [bound()[0]]);
  const first = receive(to, room(1));
  const copy = first.oob.slice();
  const second = receive(to, room(1));
  expect(first.oob).toEqual(copy);
  expect(second.fds[0]!.fd).not.toBe(first.fds[0]!.fd);
});

test("another number of descriptors than places is EINVAL", () => {
  const [from, to] = unixPair();
  const [[one], [two]] = [bound(), bound()];
  const wrong: [Uint8Array | null, Fd[]][] = [
    [null, [one]],
    [new Uint8Array(0), [one]],
    [rights(1), []],
    [rights(1), [one, two]],
    [rights(2), [one]],
    [Buffer.concat([rights(1), rights(1)]), [one]],
    [control(solSocket, scmCredentials, new Uint8Array(12)), [one]],
    [control(41, scmRights, new Uint8Array(4)), [one]],
  ];
  for (const [oob, fds] of wrong) {
    expect(failure(() => from.sendMsg(b, 0, 1, null, oob, fds))).toBe("sendmsg EINVAL");
  }
  expect(to.recvMsg(b, 0, 1, 64)).toBe(again);
});

test("malformed ancillary data is EINVAL", () => {
  const [from, to] = unixPair();
  const data = new Uint8Array(4);
  const header = control(solSocket, scmRights, new Uint8Array(0)).length;
  const one = bound()[0];
  const wrong = [
    control(solSocket, scmRights, data, 0),
    control(solSocket, scmRights, data, header - 1),
    control(solSocket, scmRights, data, room(1) + 1),
    control(solSocket, scmRights, data, 2 ** 32 - 1),
    control(solSocket, scmRights, data, Number.MAX_SAFE_INTEGER),
    Buffer.concat([rights(1), control(solSocket, scmRights, data, 1)]),
    Buffer.concat([rights(1), rights(1).subarray(0, -1), new Uint8Array(0)]).fill(255, room(1), room(1) + 4),
  ];
  for (const [i, oob] of wrong.entries()) {
    expect(
      failure(() => from.sendMsg(b, 0, 1, null, oob, [one])),
      String(i),
    ).toBe("sendmsg EINVAL");
  }
  expect(to.recvMsg(b, 0, 1, 64)).toBe(again);
  // What is too short for a header is no message, to the kernel either.
  expect(from.sendMsg(b, 0, 1, null, Buffer.concat([rights(1), new Uint8Array(header - 1)]), [one])).toBe(1);
  expect(receive(to, room(1)).fds.length).toBe(1);
});

test("descriptors that are closed or none at all are not passed", () => {
  const [from, to] = unixPair();
  const closed = Fd.of(from);
  closed.close();
  expect(failure(() => from.sendMsg(b, 0, 1, null, rights(1), [closed]))).toBe("sendmsg EBADF");
  for (const wrong of [null, {}, 3, from]) {
    expect(() => from.sendMsg(b, 0, 1, null, rights(1), [wrong as never])).toThrow(TypeError);
  }
  expect(to.recvMsg(b, 0, 1, 64)).toBe(again);
});

test("more descriptors than the kernel passes are refused", ({ skip }) => {
  if (!linux) skip("the limit is Linux's");
  const [from, to] = unixPair();
  const one = bound()[0];
  const most = 253;
  expect(from.sendMsg(b, 0, 1, null, rights(most), Array(most).fill(one))).toBe(1);
  expect(receive(to, room(most)).fds.length).toBe(most);
  const tooMany = Array(most + 1).fill(one);
  expect(failure(() => from.sendMsg(b, 0, 1, null, rights(most + 1), tooMany))).toBe("sendmsg EINVAL");
});

test.runIf(linux).each(["stream", "dgram", "seqpacket"] as const)(
  "without enough room for descriptors on a %s socket, those that come are owned and no other is left",
  (type) => {
    const [from, to] = unixPair(type);
    const [one, at] = bound();
    for (let size = 0; size <= room(5); size++) {
      expect(from.sendMsg(b, 0, 1, null, rights(5), Array(5).fill(one))).toBe(1);
      const before = descriptors();
      const got = to.recvMsg(b, 0, 8, size);
      if (got === again) throw new Error("nothing came");
      expect(descriptors()).toBe(before + got.fds.length);
      expect(got.flags & msgCtrunc).toBe(got.fds.length < 5 ? msgCtrunc : 0);
      expect(got.oob.length).toBeLessThanOrEqual(size);
      expect(got.fds.length).toBe(Math.min(5, Math.max(0, Math.floor((size - room(0)) / 4))));
      expect(got.rights.length).toBe(got.fds.length);
      for (const fd of got.fds) {
        const socket = fd.toSocket();
        expect(socket.localAddr()).toEqual(at);
        socket.close();
        fd.close();
      }
    }
  },
);

test("descriptors nobody asked for are closed by the kernel", () => {
  const [from, to] = unixPair();
  from.sendMsg(b, 0, 1, null, rights(2), [bound()[0], bound()[0]]);
  const before = descriptors();
  const got = receive(to, 0);
  expect([got.n, got.flags & msgCtrunc, got.fds.length]).toEqual([1, msgCtrunc, 0]);
  expect(descriptors()).toBe(before);
  // The same for a message that is read as plain bytes.
  from.sendMsg(b, 0, 1, null, rights(1), [bound()[0]]);
  const with1 = descriptors();
  expect(to.read(b, 0, 1)).toBe(1);
  expect(descriptors()).toBe(with1);
});

test("without bytes a stream carries descriptors on one byte, a datagram on none", ({ skip }) => {
  if (!linux) skip("other systems differ");
  const none = new Uint8Array(0);
  const [stream, streamEnd] = unixPair("stream");
  expect(stream.sendMsg(none, 0, 0, null, rights(1), [bound()[0]])).toBe(0);
  const got = streamEnd.recvMsg(none, 0, 0, room(1));
  expect(got).toMatchObject({ n: 1, rights: [room(0)] });
  if (got !== again) for (const fd of got.fds) own(fd);
  expect(streamEnd.recvMsg(b, 0, 1, 0)).toBe(again);
  const [dgram, dgramEnd] = unixPair("dgram");
  expect(dgram.sendMsg(none, 0, 0, null, rights(1), [bound()[0]])).toBe(0);
  expect(receive(dgramEnd, room(1), 0)).toMatchObject({ n: 0, rights: [room(0)] });
});

test("a socket passes through itself and back", () => {
  const [from, to] = unixPair("stream");
  from.sendMsg(b, 0, 1, null, rights(1), [own(Fd.of(to))]);
  const inner = keep(receive(to, room(1)).fds[0]!.toSocket());
  to.close();
  from.write(new TextEncoder().encode("round"), 0, 5);
  expect(inner.read(b, 0, 5)).toBe(5);
});

test("descriptors in flight are gone with the socket that held them", () => {
  const [from, to] = unixPair("stream");
  for (let i = 0; i < 100; i++) expect(from.sendMsg(b, 0, 1, null, rights(1), [own(Fd.of(from))])).toBe(1);
  to.close();
});

test("credentials come with a message if they are asked for", ({ skip }) => {
  if (!linux) skip("only Linux passes credentials");
  const [from, to] = unixPair();
  to.setOption("SO_PASSCRED", 1);
  expect(to.getOption("SO_PASSCRED")).toBe(1);
  const own = ints(process.pid, process.getuid!(), process.getgid!());
  from.sendMsg(b, 0, 1, null, null, []);
  from.sendMsg(b, 0, 1, null, control(solSocket, scmCredentials, own), []);
  for (let i = 0; i < 2; i++) {
    const [found, ...more] = parse(receive(to, 128).oob);
    expect(found).toMatchObject({ level: solSocket, type: scmCredentials, data: own });
    expect(more).toEqual([]);
  }
});

test("credentials and descriptors come beside each other", ({ skip }) => {
  if (!linux) skip("only Linux passes credentials");
  const [from, to] = unixPair();
  to.setOption("SO_PASSCRED", 1);
  const [[one, first], [two, second]] = [bound(), bound()];
  const credentials = control(
    solSocket,
    scmCredentials,
    ints(process.pid, process.getuid!(), process.getgid!()),
  );
  const oob = Buffer.concat([rights(1), credentials, rights(1)]);
  expect(from.sendMsg(b, 0, 1, null, oob, [one, two])).toBe(1);
  const got = receive(to, 256);
  expect(parse(got.oob).map((found) => found.type)).toEqual([scmCredentials, scmRights]);
  expect(got.fds.map(addressOf)).toEqual([first, second]);
  expect(got.rights.map((at) => int(got.oob.subarray(at)))).toEqual(got.fds.map((fd) => fd.fd));
});

test("a descriptor of the sender's process is owned like any other", async ({ skip }) => {
  if (noDonor) skip(noDonor);
  const [[fd, other]] = (await donate("pidfd pair").catch(() => [[]])) as [[Fd?, Fd?]];
  if (!fd || !other) return skip("this kernel has no SO_PASSPIDFD");
  const to = keep(own(fd).toSocket());
  keep(own(other).toSocket()).sendMsg(b, 0, 1, null, null, []);
  const got = receive(to, 128);
  expect(parse(got.oob).map((found) => found.type)).toEqual([scmPidfd]);
  expect(got.fds.length).toBe(1);
  expect(failure(() => got.fds[0]!.toSocket())).toBe("getsockopt ENOTSOCK");
});

const ipproto = { ip: 0, ipv6: 41 };
const ipTtl = linux ? 2 : 24;
const ipPktinfo = linux ? 8 : 26;
const ipv6Hoplimit = linux ? 52 : 47;
const ipv6Pktinfo = linux ? 50 : 46;

const asked: [SockAddr, ask: OptionName, level: number, type: number, set: OptionName][] = [
  [loopback, "IP_RECVTTL", ipproto.ip, ipTtl, "IP_TTL"],
  [loopback6, "IPV6_RECVHOPLIMIT", ipproto.ipv6, ipv6Hoplimit, "IPV6_UNICAST_HOPS"],
];

test.each(asked)("over how many networks a datagram went: %o %s", async (address, ask, level, type, set) => {
  const [from, to] = [keep(Socket.open(address[0], "dgram")), keep(Socket.open(address[0], "dgram"))];
  to.bind(address);
  to.setOption(ask, 1);
  from.setOption(set, 7);
  from.sendMsg(b, 0, 1, to.localAddr(), null, []);
  await until(to, readable);
  const got = receive(to, 128);
  const [found] = parse(got.oob);
  expect([found!.level, found!.type, linux ? int(found!.data) : found!.data[0]]).toEqual([level, type, 7]);
  expect([got.flags, got.fds.length]).toEqual([0, 0]);
});

test("where a datagram came in, and where one goes out, is ancillary data", async ({ skip }) => {
  if (!linux) skip("the layout is Linux's");
  const to = keep(Socket.open(4, "dgram"));
  to.bind([4, new Uint8Array(4), 0]);
  to.setOption("IP_PKTINFO", 1);
  const port = to.localAddr()![2] as number;
  const from = keep(Socket.open(4, "dgram"));
  from.bind([4, new Uint8Array(4), 0]);
  // The sender chooses its own address for this message.
  const source = Uint8Array.of(...ints(1), 127, 0, 0, 3, 0, 0, 0, 0);
  const oob = control(ipproto.ip, ipPktinfo, source);
  expect(from.sendMsg(b, 0, 1, [4, Uint8Array.of(127, 0, 0, 2), port], oob, [])).toBe(1);
  await until(to, readable);
  const got = receive(to, 128);
  expect(got.addr!.slice(0, 2)).toEqual([4, Uint8Array.of(127, 0, 0, 3)]);
  const [found] = parse(got.oob);
  expect([found!.level, found!.type, int(found!.data)]).toEqual([ipproto.ip, ipPktinfo, 1]);
  expect([...found!.data.subarray(8)]).toEqual([127, 0, 0, 2]);
  const to6 = keep(Socket.open(6, "dgram"));
  to6.bind(loopback6);
  to6.setOption("IPV6_RECVPKTINFO", 1);
  keep(Socket.open(6, "dgram")).sendMsg(b, 0, 1, to6.localAddr(), null, []);
  await until(to6, readable);
  const [found6] = parse(receive(to6, 128).oob);
  expect([found6!.level, found6!.type]).toEqual([ipproto.ipv6, ipv6Pktinfo]);
  expect(found6!.data.subarray(0, 16)).toEqual(loopback6[1]);
});

test("descriptors beside a datagram that is none of Unix pass nothing", async () => {
  const to = keep(Socket.open(4, "dgram"));
  to.bind(loopback);
  const from = await connect(to.localAddr()!, keep(Socket.open(4, "dgram")));
  const sent = failure(() => from.sendMsg(b, 0, 1, null, rights(1), [bound()[0]]));
  expect(sent).toBe(linux ? "no error" : "sendmsg EINVAL");
  if (!linux) return;
  await until(to, readable);
  expect(receive(to, 128)).toMatchObject({ n: 1, fds: [], oob: new Uint8Array(0) });
});
