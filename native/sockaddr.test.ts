import { mkdtempSync, rmSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { type SockAddr, Socket } from "./index.js";
import { closeAll, connect, failure, keep, listen, loopback6 } from "./testing/loopback.js";

const folder = mkdtempSync(join(tmpdir(), "gonet-"));

afterEach(closeAll);
afterAll(() => rmSync(folder, { recursive: true }));

const linux = process.platform === "linux";
const lo = linux ? "lo" : "lo0";
const ones = (n: number) => new Uint8Array(n).fill(0x61);

function bound(address: SockAddr): SockAddr | null {
  const socket = keep(Socket.open(address[0], "dgram"));
  socket.bind(address);
  return socket.localAddr();
}

test("IPv4 and IPv6 addresses come back as they were given, with the port the kernel chose", () => {
  const [family, ip, port] = bound([4, Uint8Array.of(127, 0, 0, 2), 0]) as [4, Uint8Array, number];
  expect([family, ...ip]).toEqual([4, 127, 0, 0, 2]);
  expect(port).toBeGreaterThan(0);
  expect(bound([4, Uint8Array.of(127, 0, 0, 3), port])).toEqual([4, Uint8Array.of(127, 0, 0, 3), port]);
  expect(bound([6, loopback6[1], port, ""])).toEqual([6, loopback6[1], port, ""]);
  const any = bound([6, new Uint8Array(16), 0, ""])!;
  expect(any).toEqual([6, new Uint8Array(16), any[2], ""]);
});

test("ip may be a view into other bytes", () => {
  const packet = Uint8Array.of(9, 9, 127, 0, 0, 1, 9);
  expect(bound([4, packet.subarray(2, 6), 0])!.slice(0, 2)).toEqual([4, Uint8Array.of(127, 0, 0, 1)]);
});

test("an IPv4 peer of an IPv6 listener is mapped", async () => {
  const listener = keep(Socket.open(6, "stream"));
  listener.setOption("IPV6_V6ONLY", 0);
  listener.bind([6, new Uint8Array(16), 0, ""]);
  listener.listen(1);
  const client = await connect([4, Uint8Array.of(127, 0, 0, 1), listener.localAddr()![2] as number]);
  const mapped = Uint8Array.of(...new Uint8Array(10), 255, 255, 127, 0, 0, 1);
  expect(keep(listener.accept()!).remoteAddr()).toEqual([6, mapped, client.localAddr()![2], ""]);
});

// A zone is kept by the kernel for link-local addresses only, so a machine needs one to show it.
const linkLocal = Object.entries(networkInterfaces()).flatMap(([name, all]) =>
  (all ?? [])
    .filter((a) => a.family === "IPv6" && a.address.startsWith("fe80:"))
    .map((a) => ({ name, ...a })),
);

test("a zone is an interface's name, or its index as a number", ({ skip }) => {
  const at = linkLocal[0];
  if (at?.family !== "IPv6") return skip("no interface has a link-local address");
  const groups = at.address.split("::");
  const words = (s = "") => s.split(":").filter(Boolean);
  const [head, tail] = [words(groups[0]), words(groups[1])];
  const all = [...head, ...Array(8 - head.length - tail.length).fill("0"), ...tail].map((w) =>
    Number.parseInt(w, 16),
  );
  const ip = Uint8Array.from(all.flatMap((w) => [w >> 8, w & 255]));
  for (const zone of [at.name, String(at.scopeid), `${at.scopeid}x`]) {
    expect(bound([6, ip, 0, zone])!.slice(3)).toEqual([at.name]);
  }
  expect(failure(() => bound([6, ip, 0, "nothing"]))).toBe("bind EINVAL");
});

test("a zone that is no interface is read as a number", ({ skip }) => {
  if (!linux) skip("how bind treats the zone of a group is the system's own affair");
  // A link-local group can be bound on any interface, but it needs a zone, and keeps it.
  const group = Uint8Array.of(0xff, 2, ...new Uint8Array(13), 1);
  const kept = (zone: string) => bound([6, group, 0, zone])![3];
  expect(kept(lo)).toBe(lo);
  expect(kept("1")).toBe(lo);
  expect(kept("1st")).toBe(lo);
  expect(failure(() => kept("0x1"))).toBe("bind EINVAL");
  expect(failure(() => kept(""))).toBe("bind EINVAL");
  expect(failure(() => kept(`${lo}\0`))).toBe("bind EINVAL");
  expect(failure(() => kept("4000000"))).toBe("bind ENODEV");
  expect(failure(() => kept("9".repeat(500)))).toBe("bind ENODEV");
});

test("Unix paths come back whole, up to the last byte a sockaddr_un holds", () => {
  const longest = linux ? 107 : 103;
  const room = longest - folder.length - 1;
  for (const name of ["short", "ünïcode", "x".repeat(room)]) {
    const path = new TextEncoder().encode(join(folder, name));
    expect(bound([1, path])).toEqual([1, path]);
  }
  const path = new TextEncoder().encode(join(folder, "x".repeat(room + 1)));
  expect(path.length).toBe(longest + 1);
  expect(failure(() => bound([1, path]))).toBe("bind EINVAL");
  expect(failure(() => keep(Socket.open(1, "stream")).connect([1, ones(5000)]))).toBe("connect EINVAL");
});

test("a path with a zero byte inside is refused, not cut", () => {
  const path = new TextEncoder().encode(join(folder, "a\0b"));
  expect(failure(() => bound([1, path]))).toBe("bind EINVAL");
});

test("an unnamed Unix socket has no bytes; its connected peer sees that", () => {
  const [listener, client] = [
    listen([1, new TextEncoder().encode(join(folder, "l"))]),
    keep(Socket.open(1, "stream")),
  ];
  expect(client.localAddr()).toEqual([1, new Uint8Array(0)]);
  expect(client.remoteAddr()).toBeNull();
  client.connect(listener.localAddr()!);
  expect(client.localAddr()).toEqual([1, new Uint8Array(0)]);
  expect(keep(listener.accept()!).remoteAddr()).toEqual([1, new Uint8Array(0)]);
});

test("abstract names keep their zero bytes and their length", ({ skip }) => {
  if (!linux) skip("only Linux has abstract names");
  const own = new TextEncoder().encode(`\0gonet-${process.pid}\0\0`);
  expect(bound([1, own])).toEqual([1, own]);
  const full = Uint8Array.of(0, ...new TextEncoder().encode(`${process.pid}-`), ...ones(107)).subarray(
    0,
    108,
  );
  expect(bound([1, full])).toEqual([1, full]);
  expect(failure(() => bound([1, Uint8Array.of(0, ...ones(108))]))).toBe("bind EINVAL");
});

test("binding without a name lets Linux choose an abstract one", ({ skip }) => {
  if (!linux) skip("only Linux has abstract names");
  const [, name] = bound([1, new Uint8Array(0)]) as [1, Uint8Array];
  expect(new TextDecoder().decode(name)).toMatch(/^\0[0-9a-f]{5}$/);
});
