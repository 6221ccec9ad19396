import { readdirSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import type { InterfaceRow } from "./binding.js";
import { interfaces, multicastGroups, parseIGMP, parseIGMP6 } from "./interfaces.js";
import { inNamespace, noNamespace } from "./testing/namespace.js";

const linux = process.platform === "linux";
const flag = { up: 1, broadcast: 2, loopback: 4, pointToPoint: 8, multicast: 16, running: 32 };

test("interfaces are those of the system, by index", ({ skip }) => {
  if (!linux) skip("only Linux has /sys");
  const all = interfaces();
  const sys = (name: string, file: string) => readFileSync(`/sys/class/net/${name}/${file}`, "latin1").trim();
  const names = readdirSync("/sys/class/net").filter((name) => name !== "bonding_masters");
  expect(all.map((one) => one.name).sort()).toEqual(names.sort());
  expect(all.map((one) => one.index)).toEqual(all.map((one) => one.index).sort((a, b) => a - b));
  for (const { index, name, mtu, mac, flags } of all) {
    expect([name, index, mtu]).toEqual([name, Number(sys(name, "ifindex")), Number(sys(name, "mtu"))]);
    const address = sys(name, "address").replaceAll(":", "");
    expect(Buffer.from(mac).toString("hex")).toBe(/^0*$/.test(address) ? "" : address);
    const up = (Number(sys(name, "flags")) & 1) !== 0;
    expect((flags & flag.up) !== 0).toBe(up);
  }
});

test("addresses are those that Node knows, and IPv4 comes first", () => {
  const hex = (b: Uint8Array) => Buffer.from(b).toString("hex");
  const bits = (mask: string) =>
    mask
      .split(/[.:]/)
      .map((part) => Number.parseInt(part || "0", mask.includes(":") ? 16 : 10).toString(2))
      .join("")
      .replaceAll("0", "").length;
  const all = interfaces();
  for (const [name, wanted] of Object.entries(networkInterfaces())) {
    const found = all.find((one) => one.name === name)!;
    expect(found.addrs.map((addr) => addr.prefix).sort()).toEqual(
      wanted!.map((one) => bits(one.netmask)).sort(),
    );
    for (const { address, family } of wanted!.filter((one) => one.family === "IPv4")) {
      expect(family).toBe("IPv4");
      expect(found.addrs.map((addr) => hex(addr.ip))).toContain(
        hex(Uint8Array.from(address.split("."), Number)),
      );
    }
    const sizes = found.addrs.map((addr) => addr.ip.length);
    if (linux) expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  }
  const lo = all.find((one) => (one.flags & flag.loopback) !== 0)!;
  expect(lo.flags & flag.up).toBe(flag.up);
  expect(lo.mac.length).toBe(0);
  expect(lo.addrs[0]).toEqual({ ip: Uint8Array.of(127, 0, 0, 1), prefix: 8 });
});

test("what is given is the caller's own", () => {
  const [first, second] = [interfaces()[0]!, interfaces()[0]!];
  first.addrs[0]!.ip.fill(9);
  expect(second.addrs[0]!.ip[0]).toBe(127);
});

interface Told {
  interfaces: InterfaceRow[];
  igmp: [string[], string[]];
}

// tell gives what the addon sees in a namespace. Bytes are in hexadecimal.
function tell(layout: string[]): Told {
  const { status, stdout, stderr } = inNamespace(layout, "interfaces");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout) as Told;
}

test("every kind of address and interface", ({ skip }) => {
  if (noNamespace) skip(noNamespace);
  const { interfaces: rows } = tell([
    "ip link add one index 300 type veth peer name two index 200",
    "ip link set one address 02:00:00:00:00:01",
    "ip link set two address 02:00:00:00:00:02 mtu 1400",
    // Without it the kernel adds a link-local address, at a time of its own.
    "ip link set one addrgenmode none",
    "ip link set two addrgenmode none",
    "ip link set one up",
    "ip addr add 192.0.2.1/24 dev one",
    "ip addr add 192.0.2.9/25 dev one label one:alias",
    "ip addr add 198.51.100.1 peer 198.51.100.2/32 dev one",
    "ip addr add 2001:db8::1/64 dev one nodad",
    "ip addr add 2001:db8::5 peer 2001:db8::6/128 dev one nodad",
    "ip addr add 203.0.113.7/32 dev lo",
  ]);
  const byName = Object.fromEntries(rows.map((row) => [row[1], row]));
  expect(rows.map((row) => row[0])).toEqual(rows.map((row) => row[0]).sort((a, b) => a - b));
  const up = flag.up | flag.broadcast | flag.multicast;
  const six = "20010db80000000000000000000000";
  expect(byName["one"]).toEqual([
    300,
    "one",
    1500,
    "020000000001",
    up,
    [
      ["c0000201", 24, ""],
      ["c0000209", 25, ""],
      ["c6336401", 32, "c6336402"],
      [`${six}05`, 128, `${six}06`],
      [`${six}01`, 64, ""],
    ],
  ]);
  expect(byName["two"]).toEqual([200, "two", 1400, "020000000002", flag.broadcast | flag.multicast, []]);
  expect(byName["lo"]!.slice(0, 5)).toEqual([1, "lo", 65_536, "", flag.up | flag.loopback | flag.running]);
  expect(byName["lo"]![5]).toContainEqual(["cb007107", 32, ""]);
});

test("a namespace with nothing but a loopback interface that is down", ({ skip }) => {
  if (noNamespace) skip(noNamespace);
  const lo = tell(["ip addr flush dev lo", "ip link set lo down"]).interfaces.find((row) => row[1] === "lo")!;
  expect([lo[4], lo[5]]).toEqual([flag.loopback, []]);
});

test("many interfaces come whole", ({ skip }) => {
  if (noNamespace) skip(noNamespace);
  const many = 60;
  const add = `i=0; while [ $i -lt ${many} ]; do ip link add v$i type veth peer name w$i; ip addr add 10.0.$i.1/24 dev v$i; i=$((i+1)); done`;
  const rows = tell([add]).interfaces.filter((row) => /^[vw]\d/.test(row[1]));
  expect(rows.length).toBe(2 * many);
  expect(new Set(rows.map((row) => row[0])).size).toBe(2 * many);
  for (const [, name, , , , addrs] of rows) {
    const wanted =
      name[0] === "v" ? [[`0a00${Number(name.slice(1)).toString(16).padStart(2, "0")}01`, 24, ""]] : [];
    expect(addrs).toEqual(wanted);
  }
});

test("groups are read where the kernel lists them", ({ skip }) => {
  if (noNamespace) skip(noNamespace);
  const { igmp } = tell([
    "ip link add one index 300 type veth peer name two",
    "ip link set one up",
    "ip addr add 192.0.2.1/24 dev one",
  ]);
  const hex = (one: { index: number; ip: Uint8Array }) => [one.index, Buffer.from(one.ip).toString("hex")];
  expect(parseIGMP(igmp[0]).map(hex)).toEqual([
    [1, "e0000001"],
    [300, "e0000001"],
  ]);
  const six = parseIGMP6(igmp[1]).map(hex);
  expect(six).toContainEqual([300, "ff020000000000000000000000000001"]);
  expect(six).toContainEqual([1, "ff020000000000000000000000000001"]);
});

test("lines that are no groups are passed over", () => {
  expect(parseIGMP([])).toEqual([]);
  const lines = [
    "Idx\tDevice",
    "7\todd name : 1 V3",
    "\t\t\t\t010000E0     1 0:00000000\t\t0",
    "\t\t\t\tnothing",
    "",
  ];
  expect(parseIGMP(lines)).toEqual([{ index: 7, ip: expect.anything() }]);
  expect(parseIGMP6(["", "x", "1 lo short 1", "1", "one lo ff020000000000000000000000000001 1"])).toEqual([]);
  for (const { index, ip } of multicastGroups()) {
    expect(index).toBeGreaterThan(0);
    expect(ip.length === 4 ? ip[0]! >> 4 : ip[0]).toBe(ip.length === 4 ? 0xe : 0xff);
  }
});
