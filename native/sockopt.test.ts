import { afterEach, expect, test } from "vitest";
import { type Family, type OptionName, Socket, type SockType } from "./index.js";
import { closeAll, keep, listen, pair } from "./testing/loopback.js";

afterEach(closeAll);

const linux = process.platform === "linux";

// What is set, and what is then read: the kernel doubles buffer sizes, other systems give truth back as another number.
const optionTests: [name: OptionName, family: Family, type: SockType, set: number, got: number][] = [
  ["SO_REUSEADDR", 4, "stream", 1, 1],
  ["SO_REUSEADDR", 4, "stream", 0, 0],
  ["SO_REUSEPORT", 4, "stream", 1, 1],
  ["SO_KEEPALIVE", 4, "stream", 1, 1],
  ["SO_KEEPALIVE", 6, "stream", 0, 0],
  ["SO_BROADCAST", 4, "dgram", 1, 1],
  ["SO_BROADCAST", 4, "dgram", 0, 0],
  ["SO_RCVBUF", 4, "stream", 65_536, linux ? 131_072 : 65_536],
  ["SO_SNDBUF", 4, "stream", 65_536, linux ? 131_072 : 65_536],
  ["SO_SNDBUF", 1, "dgram", 65_536, linux ? 131_072 : 65_536],
  ["TCP_NODELAY", 4, "stream", 1, 1],
  ["TCP_NODELAY", 6, "stream", 0, 0],
  ["TCP_KEEPIDLE", 4, "stream", 15, 15],
  ["TCP_KEEPINTVL", 4, "stream", 16, 16],
  ["TCP_KEEPCNT", 4, "stream", 7, 7],
  ["IP_TTL", 4, "dgram", 12, 12],
  ["IP_TOS", 4, "stream", 16, 16],
  ["IP_PKTINFO", 4, "dgram", 1, 1],
  ["IP_RECVTTL", 4, "dgram", 1, 1],
  ["IPV6_RECVHOPLIMIT", 6, "dgram", 1, 1],
  ["IPV6_RECVPKTINFO", 6, "dgram", 1, 1],
  ["IPV6_RECVPKTINFO", 6, "dgram", 0, 0],
  ["IPV6_TCLASS", 6, "dgram", 16, 16],
  ["IPV6_UNICAST_HOPS", 6, "dgram", 13, 13],
  ["IPV6_V6ONLY", 6, "stream", 1, 1],
  ["IPV6_V6ONLY", 6, "stream", 0, 0],
];

test.each(optionTests)("%s of a %s %s socket set to %i reads %i", (name, family, type, set, got) => {
  const socket = keep(Socket.open(family, type));
  socket.setOption(name, set);
  const read = socket.getOption(name);
  expect(linux || got > 1 ? read : Number(read !== 0)).toBe(got);
});

test("TCP_USER_TIMEOUT set and read back", ({ skip }) => {
  if (!linux) skip("only Linux has TCP_USER_TIMEOUT");
  const socket = keep(Socket.open(4, "stream"));
  socket.setOption("TCP_USER_TIMEOUT", 1234);
  expect(socket.getOption("TCP_USER_TIMEOUT")).toBe(1234);
});

test("what only Linux tells of a socket", ({ skip }) => {
  if (!linux) skip("other systems lack these options");
  const [unix, udp, ip6] = [
    keep(Socket.open(1, "stream")),
    keep(Socket.open(4, "dgram")),
    keep(Socket.open(6, "stream")),
  ];
  unix.setOption("SO_PASSCRED", 1);
  expect(unix.getOption("SO_PASSCRED")).toBe(1);
  // AF_UNIX, AF_INET and AF_INET6, TCP and UDP.
  expect([unix, udp, ip6].map((socket) => socket.getOption("SO_DOMAIN"))).toEqual([1, 2, 10]);
  expect([unix, udp, ip6].map((socket) => socket.getOption("SO_PROTOCOL"))).toEqual([0, 17, 6]);
});

test("options that are only read", async () => {
  const [client] = await pair();
  expect(client.getOption("SO_ERROR")).toBe(0);
  expect(client.getOption("SO_ACCEPTCONN")).toBe(0);
  expect(listen().getOption("SO_ACCEPTCONN")).not.toBe(0);
  expect(client.getOption("SO_TYPE")).toBe(1);
});

test("an option can be negative and is no error then", () => {
  const socket = keep(Socket.open(6, "stream"));
  socket.setOption("IPV6_UNICAST_HOPS", -1);
  expect(socket.getOption("IPV6_UNICAST_HOPS")).toBeGreaterThan(0);
});

test("the header of raw packets is the caller's after IP_HDRINCL", ({ skip }) => {
  if (process.getuid?.() !== 0) skip("raw sockets need privileges");
  const icmp = 1;
  const socket = keep(Socket.open(4, "raw", icmp));
  expect(socket.getOption("IP_HDRINCL")).toBe(0);
  socket.setOption("IP_HDRINCL", 1);
  expect(socket.getOption("IP_HDRINCL")).toBe(1);
});

test("linger is off, then seconds, then off again", () => {
  const socket = keep(Socket.open(4, "stream"));
  expect(socket.getLinger()).toBe(-1);
  for (const [set, got] of [
    [0, 0],
    [7, 7],
    [-1, -1],
    [-5, -1],
  ] as const) {
    socket.setLinger(set);
    expect(socket.getLinger()).toBe(got);
  }
});
