// Wrong arguments through the typed surface, as untyped code would give them. testing/stress.mjs does the same to the
// binary, with every combination.

import { afterEach, expect, test } from "vitest";
import { Fd, Socket, SysError } from "./index.js";
import { closeAll, failure, keep, pair } from "./testing/loopback.js";

afterEach(closeAll);

const tcp = () => keep(Socket.open(4, "stream"));
const ip4 = new Uint8Array(4);
const ip6 = new Uint8Array(16);

// as gives a value the type the compiler wants.
const as = (value: unknown) => value as never;

function detached(): Uint8Array {
  const b = new Uint8Array(8);
  structuredClone(b.buffer, { transfer: [b.buffer] });
  return b;
}

const shared = () => new Uint8Array(new SharedArrayBuffer(8));

function tooMany(socket: Socket): Fd[] {
  const fd = Fd.of(socket);
  fd.close();
  return Array(2000).fill(fd);
}

const misuseTests: [
  what: string,
  wanted: typeof TypeError | typeof RangeError,
  call: (socket: Socket) => unknown,
][] = [
  ["family 5", RangeError, () => Socket.open(as(5), "stream")],
  ["family 7", RangeError, () => Socket.open(as(7), "stream")],
  ["family as text", TypeError, () => Socket.open(as("4"), "stream")],
  ["an unknown type", TypeError, () => Socket.open(4, as("packet"))],
  ["an inherited type", TypeError, () => Socket.open(4, as("toString"))],
  ["a type that is a symbol", TypeError, () => Socket.open(4, as(Symbol("stream")))],
  ["a negative protocol", RangeError, () => Socket.open(4, "stream", -1)],
  ["an interest that does not exist", RangeError, (s) => s.wait(4)],
  ["half an interest", RangeError, (s) => s.wait(0.5)],
  ["no interest", TypeError, (s) => s.wait(as(undefined))],
  ["no address", TypeError, (s) => s.bind(as(undefined))],
  ["an address that is text", TypeError, (s) => s.bind(as("127.0.0.1:80"))],
  ["an empty address", TypeError, (s) => s.bind(as([]))],
  ["an address of family 2", RangeError, (s) => s.bind(as([2, ip4, 0]))],
  ["an ip that is a list", TypeError, (s) => s.bind(as([4, [127, 0, 0, 1], 0]))],
  ["an ip that is too short", RangeError, (s) => s.bind([4, new Uint8Array(3), 0])],
  ["an ip of the other family", RangeError, (s) => s.connect([4, ip6, 0])],
  ["an ip that is detached", RangeError, (s) => s.connect([6, detached(), 0, ""])],
  ["a port too high", RangeError, (s) => s.bind([4, ip4, 65536])],
  ["a port too low", RangeError, (s) => s.bind([4, ip4, -1])],
  ["a port that is no number", RangeError, (s) => s.bind([4, ip4, Number.NaN])],
  ["a port that is missing", TypeError, (s) => s.bind(as([4, ip4]))],
  ["a zone that is missing", TypeError, (s) => s.bind(as([6, ip6, 0]))],
  ["a zone that is a number", TypeError, (s) => s.bind(as([6, ip6, 0, 1]))],
  ["a name that is text", TypeError, (s) => s.bind(as([1, "/tmp/x"]))],
  ["a negative backlog", RangeError, (s) => s.listen(-1)],
  ["a huge backlog", RangeError, (s) => s.listen(2 ** 32)],
  ["an unknown end", TypeError, (s) => s.shutdown(as("sideways"))],
  ["an unknown option", TypeError, (s) => s.getOption(as("SO_LINGER"))],
  ["an inherited option", TypeError, (s) => s.setOption(as("valueOf"), 1)],
  ["an option set to true", TypeError, (s) => s.setOption("SO_KEEPALIVE", as(true))],
  ["an option set too high", RangeError, (s) => s.setOption("SO_RCVBUF", 2 ** 31)],
  ["an endless linger", RangeError, (s) => s.setLinger(Number.POSITIVE_INFINITY)],
  ["bytes that are none", TypeError, (s) => s.read(as(null), 0, 0)],
  ["bytes that are a list", TypeError, (s) => s.write(as([1, 2]), 0, 2)],
  ["wider elements", TypeError, (s) => s.read(as(new Uint16Array(4)), 0, 4)],
  ["signed elements", TypeError, (s) => s.write(as(new Int8Array(4)), 0, 4)],
  ["a bare buffer", TypeError, (s) => s.read(as(new ArrayBuffer(4)), 0, 4)],
  ["shared memory", TypeError, (s) => s.read(new Uint8Array(new SharedArrayBuffer(8)), 0, 8)],
  ["detached bytes", RangeError, (s) => s.read(detached(), 0, 8)],
  ["a length beyond the end", RangeError, (s) => s.read(ip4, 0, 5)],
  ["offset and length beyond the end", RangeError, (s) => s.write(ip4, 3, 2)],
  ["an offset beyond the end", RangeError, (s) => s.read(ip4, 5, 0)],
  ["a negative offset", RangeError, (s) => s.read(ip4, -1, 1)],
  ["a negative length", RangeError, (s) => s.write(ip4, 0, -1)],
  ["a sum that overflows", RangeError, (s) => s.read(ip4, 2 ** 53, 2 ** 53)],
  ["a length that is missing", TypeError, (s) => s.read(ip4, 0, as(undefined))],
  ["a message into bytes that are none", TypeError, (s) => s.recvMsg(as(null), 0, 0, 0)],
  ["a message beyond the end", RangeError, (s) => s.recvMsg(ip4, 0, 5, 0)],
  ["a negative room", RangeError, (s) => s.recvMsg(ip4, 0, 4, -1)],
  ["a message to a text", TypeError, (s) => s.sendMsg(ip4, 0, 4, as("127.0.0.1:80"), null, [])],
  ["a message to a port too high", RangeError, (s) => s.sendMsg(ip4, 0, 4, [4, ip4, 65536], null, [])],
  ["a message of shared memory", TypeError, (s) => s.sendMsg(shared(), 0, 4, null, null, [])],
  ["ancillary data that is text", TypeError, (s) => s.sendMsg(ip4, 0, 4, null, as("x"), [])],
  ["ancillary data that is shared", TypeError, (s) => s.sendMsg(ip4, 0, 4, null, shared(), [])],
  ["descriptors that are numbers", TypeError, (s) => s.sendMsg(ip4, 0, 4, null, null, as([0]))],
  ["more descriptors than there can be", RangeError, (s) => s.sendMsg(ip4, 0, 4, null, null, tooMany(s))],
  ["a group that is a list", TypeError, (s) => s.joinGroup(as([224, 0, 0, 1]), 0)],
  ["a group on half an interface", RangeError, (s) => s.leaveGroup(ip4, 0.5)],
  ["an interface by name", TypeError, (s) => s.setMulticastInterface(as("lo"))],
  ["too many networks", RangeError, (s) => s.setMulticastTTL(256)],
  ["a descriptor of no socket", TypeError, () => Fd.of(as({}))],
  ["a length that is a bigint", TypeError, (s) => s.read(ip4, 0, as(1n))],
];

test.each(misuseTests)("%s is a %o", (_, wanted, call) => {
  const thrown = failure(() => call(tcp()));
  expect(thrown).toBeInstanceOf(wanted);
  expect(thrown).not.toBeInstanceOf(SysError);
  expect((thrown as Error).message).toMatch(/^gonet: /);
});

test("an address whose own code throws throws that", () => {
  const trap = new Error("trap");
  const address = Object.defineProperty([4, ip4, 0], 1, {
    get() {
      throw trap;
    },
  });
  expect(failure(() => tcp().bind(as(address)))).toBe(trap);
});

test("an address whose own code closes the socket meets a closed one", () => {
  const socket = tcp();
  const address = Object.defineProperty([4, ip4, 0], 1, {
    get() {
      socket.close();
      return ip4;
    },
  });
  expect(failure(() => socket.connect(as(address)))).toBe("connect EBADF");
});

test("the edges of a range are inside it", async () => {
  const [client, server] = await pair();
  const b = Uint8Array.of(1, 2, 3, 4);
  expect(client.write(b, 4, 0)).toBe(0);
  expect(client.write(b, 3, 1)).toBe(1);
  expect(client.write(b, 0, 4)).toBe(4);
  await expect.poll(() => server.read(b, 3, 1)).toBe(1);
  expect(b[3]).toBe(4);
});

test("an onReady that is no function is passed over", async () => {
  const [client] = await pair();
  client.onReady = null;
  client.wait(3);
  await new Promise(setImmediate);
  client.wait(0);
  expect(client.closed).toBe(false);
});
