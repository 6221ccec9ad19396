// Groups: who hears them, who does not, and how one sends to them. On the loopback interface, or in a namespace.

import { afterEach, expect, test } from "vitest";
import { again, interfaces, multicastGroups, readable, Socket } from "./index.js";
import { parse } from "./testing/control.js";
import { closeAll, failure, keep, loopback, loopback6, until } from "./testing/loopback.js";
import { inNamespace, noNamespace } from "./testing/namespace.js";

afterEach(closeAll);

const linux = process.platform === "linux";
const lo = interfaces().find((one) => (one.flags & 4) !== 0)!;

const kinds = [
  {
    family: 4,
    group: Uint8Array.of(239, 255, 71, 1),
    other: Uint8Array.of(239, 255, 71, 2),
    own: loopback[1],
  },
  { family: 6, group: group6(1), other: group6(2), own: loopback6[1] },
] as const;

function group6(last: number): Uint8Array {
  return Uint8Array.of(0xff, 2, ...new Uint8Array(12), 0x71, last);
}

test("a member of a group hears it, as far as the sender wants it to go", async () => {
  const { group } = kinds[0];
  const to = keep(Socket.open(4, "dgram"));
  to.bind([4, new Uint8Array(4), 0]);
  to.joinGroup(group, lo.index);
  to.setOption("IP_RECVTTL", 1);
  const from = keep(Socket.open(4, "dgram"));
  from.setMulticastInterface(lo.index);
  for (const [message, hops] of [
    [1, 1],
    [2, 9],
  ] as const) {
    from.setMulticastTTL(hops);
    from.sendMsg(Uint8Array.of(message), 0, 1, [4, group, to.localAddr()![2] as number], null, []);
    await until(to, readable);
    const b = new Uint8Array(1);
    const got = to.recvMsg(b, 0, 1, 128);
    if (got === again) throw new Error("nothing came");
    expect([b[0], parse(got.oob)[0]!.data[0]]).toEqual([message, hops]);
  }
});

test("on an interface with groups: heard, not looped, left, of IPv4 and IPv6", ({ skip }) => {
  if (noNamespace) skip(noNamespace);
  const layout = [
    "ip link add one type veth peer name two",
    "ip link set one addrgenmode none",
    "ip link set two addrgenmode none",
    "ip link set one up",
    "ip link set two up",
    "ip addr add 192.0.2.1/24 dev one",
    "ip addr add fe80::1/64 dev one nodad",
  ];
  expect(inNamespace(layout, "groups", "one")).toEqual({ status: 0, stdout: "groups ok\n", stderr: "" });
});

test.each(kinds)("the groups of family $family can be seen", (kind) => {
  if (!linux) return expect(multicastGroups()).toEqual([]);
  const isThere = (group: Uint8Array) =>
    multicastGroups().some((one) => one.index === lo.index && Buffer.compare(one.ip, group) === 0);
  const to = keep(Socket.open(kind.family, "dgram"));
  expect([isThere(kind.group), isThere(kind.other)]).toEqual([false, false]);
  to.joinGroup(kind.group, lo.index);
  to.joinGroup(kind.other, lo.index);
  expect([isThere(kind.group), isThere(kind.other)]).toEqual([true, true]);
  to.leaveGroup(kind.group, lo.index);
  expect([isThere(kind.group), isThere(kind.other)]).toEqual([false, true]);
  to.close();
  expect(isThere(kind.other)).toBe(false);
});

test.each(kinds)("what cannot be with groups of family $family", (kind) => {
  const to = keep(Socket.open(kind.family, "dgram"));
  const missing = 99_999;
  const { group } = kind;
  to.joinGroup(group, lo.index);
  const wrong: [() => void, string | RegExp][] = [
    [() => to.joinGroup(group, lo.index), "setsockopt EADDRINUSE"],
    [() => to.leaveGroup(kind.other, lo.index), "setsockopt EADDRNOTAVAIL"],
    [() => to.joinGroup(kind.own, lo.index), "setsockopt EINVAL"],
    [() => to.joinGroup(kind.other, missing), "setsockopt ENODEV"],
    [() => to.joinGroup(new Uint8Array(kind.family === 4 ? 16 : 4), lo.index), "setsockopt EINVAL"],
    [() => to.joinGroup(new Uint8Array(0), lo.index), "setsockopt EINVAL"],
    [() => to.setMulticastInterface(missing), /^setsockopt (ENODEV|EADDRNOTAVAIL)$/],
  ];
  for (const [call, error] of wrong) {
    if (error instanceof RegExp) expect(failure(call)).toMatch(error);
    else if (linux) expect(failure(call)).toBe(error);
    else expect(failure(call)).toMatch(/^setsockopt E/);
  }
  expect(() => to.setMulticastTTL(256)).toThrow(RangeError);
  expect(() => to.setMulticastTTL(-1)).toThrow(RangeError);
  expect(() => to.joinGroup(group, -1)).toThrow(RangeError);
  expect(() => to.joinGroup([224, 0, 0, 1] as never, 0)).toThrow(TypeError);
});

test("Unix sockets have no groups", () => {
  const socket = keep(Socket.open(1, "dgram"));
  expect(failure(() => socket.joinGroup(kinds[0]!.group, 1))).toMatch(
    /^setsockopt (EOPNOTSUPP|ENOPROTOOPT|EINVAL)$/,
  );
  expect(failure(() => socket.setMulticastLoop(true))).toMatch(
    /^setsockopt (EOPNOTSUPP|ENOPROTOOPT|EINVAL)$/,
  );
});
