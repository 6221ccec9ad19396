// Fields of the wrong kind, names that are none, networks that are unknown: a client that shook hands and then asks for
// what cannot be. It gets an answer or 4400; the gateway never fails of itself, and another session of it loses nothing.

import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connectOver, type Net } from "../src/connect.js";
import type { Conn } from "../src/net.js";
import { kinds, pack } from "../src/testing/fuzz/pack.js";
import { type NameServer, nameServer } from "../src/testing/nameserver.js";
import { hello, RawLine, turns } from "../src/testing/rawpeer.js";
import { Random, testSeed } from "../src/testing/wirerandom.js";
import { frameType as T } from "../src/wire/frame.js";
import { pair } from "../src/wire/pair.js";
import { newLog } from "./log.js";
import { Sessions } from "./sessions.js";

const caller = { remoteAddress: "127.0.0.1", origin: null, principal: "test" };
const here = Uint8Array.of(127, 0, 0, 1);
const to = [4, here, 0];
const patienceMs = 10_000;

let sessions: Sessions;
let server: Server;
let names: NameServer;
let net: Net;
let other: Conn;
let lines: string[];
let echoed = 0;

beforeAll(async () => {
  names = await nameServer(() => ({ code: 3 }));
  server = createServer((socket) => {
    socket.on("error", () => {}); // what is tested is the other end
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const log = newLog({ level: "debug", sink: { write: (line) => lines.push(line) } });
  lines = [];
  sessions = new Sessions({ log, dnsServers: [names.address] });
  const link = pair({ defer: setImmediate });
  sessions.serve(link.b, caller);
  net = await connectOver(async () => link.a);
  other = await net.Dial("tcp", `127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterAll(async () => {
  await net.session.close();
  await sessions.close();
  server.close();
  await names.close();
});

beforeEach(() => {
  lines = [];
});

// OK-other: the session that was there before goes on; and nothing was an error of the gateway's own.
afterEach(async () => {
  const said = new TextEncoder().encode(`line ${++echoed}`);
  const heard = new Uint8Array(said.length);
  await Promise.all([other.Write(said), net.io.ReadFull(other, heard)]);
  expect(heard).toEqual(said);
  expect(lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});

// isPlain says that a line of the log is one line, and nothing that a terminal would obey.
function isPlain(line: string): boolean {
  return [...line.trimEnd()].every((c) => c >= " ");
}

async function greeted(): Promise<RawLine> {
  const line = new RawLine();
  sessions.serve(line.link.a, caller);
  line.send(hello);
  await line.next(T.welcome);
  return line;
}

// answered is what a request comes to: the type of the answer's frame, or the code of the end.
async function answered(line: RawLine, request: Uint8Array): Promise<number> {
  const before = line.numbered;
  line.sendBytes(request);
  const end = performance.now() + patienceMs;
  while (line.closed === null && line.numbered === before && performance.now() < end) await turns(1);
  if (line.closed !== null) return line.closed.code;
  return (line.got.filter((f) => f[0] >= T.open)[before]?.[0] as number | undefined) ?? 0;
}

const opens: readonly (readonly [op: string, args: readonly unknown[]])[] = [
  ["dial", ["tcp", to, null, [["timeout", 50]]]],
  ["dial", ["tcp", ["name", "127.0.0.1", 1], to, [["noDelay", true]]]],
  ["dial", ["unix", [1, Buffer.from("\0gonet-nobody")], null, []]],
  ["listen", ["tcp", to, [["keepAlive", 15]]]],
  ["listenPacket", ["udp", to, []]],
  ["listenMulticast", ["udp4", [4, Uint8Array.of(239, 86, 0, 9), 0], 1]],
  ["fileConn", [9]],
  ["fileListener", [9]],
];

const calls: readonly (readonly [op: string, args: readonly unknown[]])[] = [
  ["lookup", [1, "ip", "nobody.test", true]],
  ["forget", [1]],
  ["port", ["tcp", "http"]],
  ["protocol", ["icmp"]],
  ["lookupOrder", ["a.test"]],
  ["hostAddresses", ["localhost"]],
  ["hostNames", ["127.0.0.1"]],
  ["dnsConfig", []],
  ["sources", [to]],
  ["interfaces", []],
  ["interfaceAddrs", [0]],
  ["multicastAddrs", [1]],
  ["readFile", [9, 10]],
  ["writeFile", [9, Uint8Array.of(1)]],
  ["closeFile", [9]],
];

const streamCalls: readonly (readonly [op: string, args: readonly unknown[]])[] = [
  ["noDelay", [true]],
  ["keepAlive", [true]],
  ["keepAlivePeriod", [15]],
  ["keepAliveConfig", [true, 15, 5, 3]],
  ["linger", [1]],
  ["readBuffer", [8192]],
  ["writeBuffer", [8192]],
  ["closeRead", []],
  ["unlinkOnClose", [true]],
  ["file", []],
];

// variants are args with each of their values, also those within lists, replaced by each of the 14 kinds, and with one
// value too many and one too few.
function* variants(args: readonly unknown[], random: Random): Generator<readonly unknown[]> {
  yield [...args, 0];
  yield args.slice(1);
  for (const [i, arg] of args.entries()) {
    for (const [, make] of kinds) yield args.map((v, j) => (j === i ? onLoopback(make(random)) : v));
    if (!Array.isArray(arg)) continue;
    for (const inner of variants(arg, random)) yield args.map((v, j) => (j === i ? inner : v));
  }
}

// onLoopback keeps what may be taken for an address where nobody is disturbed.
function onLoopback(v: unknown): unknown {
  if (v instanceof Uint8Array && v.length === here.length) v[0] = 127;
  return v;
}

// What a request may come to. 4500, or no answer, is neither.
const fine = new Set<number>([T.opened, T.refused, T.return, T.throw, 4400]);

describe("W10: every field of every operation, of each of the 14 kinds", () => {
  test.each(opens)("OPEN %s %j", { timeout: 120_000 }, async (op, args) => {
    const random = new Random(testSeed(op));
    let line = await greeted();
    let id = 1;
    for (const variant of variants(args, random)) {
      const outcome = await answered(line, pack([T.open, id, op, variant]));
      if (!fine.has(outcome))
        expect.unreachable(`seed ${random.seed}: ${op} ${JSON.stringify(variant)}: ${outcome}`);
      id += 2;
      if (line.closed === null && id < 60) continue;
      line.link.cut();
      line = await greeted();
      id = 1;
    }
    line.link.cut();
  });

  test.each([...calls, ...streamCalls])("CALL %s %j", { timeout: 120_000 }, async (op, args) => {
    const random = new Random(testSeed(op));
    const isOfStream = streamCalls.some(([name]) => name === op);
    const port = (server.address() as AddressInfo).port;
    const fresh = async () => {
      const line = await greeted();
      if (isOfStream) line.send([T.open, 1, "dial", ["tcp", [4, here, port], null, []]]);
      if (isOfStream) await line.next(T.opened);
      return line;
    };
    let line = await fresh();
    for (const variant of [args, ...variants(args, random)]) {
      const outcome = await answered(line, pack([T.call, 7, isOfStream ? 1 : 0, op, variant]));
      if (!fine.has(outcome))
        expect.unreachable(`seed ${random.seed}: ${op} ${JSON.stringify(variant)}: ${outcome}`);
      if (line.closed === null) continue;
      line = await fresh();
    }
    line.link.cut();
  });

  test.each([-1, 65_536, 1.5, "80", null])("a port %j in an address is 4400", async (port) => {
    const line = await greeted();
    expect(await answered(line, pack([T.open, 1, "dial", ["tcp", [4, here, port], null, []]]))).toBe(4400);
  });

  test("and the library says what Go says before anything leaves", async () => {
    for (const port of ["-1", "65536"]) {
      await expect(net.Dial("tcp", `127.0.0.1:${port}`)).rejects.toThrow(
        `dial tcp: address ${port}: invalid port`,
      );
    }
  });
});

// extremes are args with each number in them, also those within lists, replaced by the least and the most of each size.
const least = [-1, -(2 ** 31), -(2 ** 31) - 1, -(2 ** 53) + 1];
const most = [0, 255, 256, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
function* extremes(args: readonly unknown[]): Generator<readonly unknown[]> {
  for (const [i, arg] of args.entries()) {
    const others: Iterable<unknown> =
      typeof arg === "number" ? [...least, ...most] : Array.isArray(arg) ? extremes(arg) : [];
    for (const other of others) yield args.map((v, j) => (j === i ? other : v));
  }
}

describe("W10: every number of every operation, at its extremes", () => {
  const more: typeof opens = [
    [
      "dial",
      [
        "tcp",
        to,
        null,
        [
          ["protocol", 0],
          ["keepAlive", 15],
        ],
      ],
    ],
    [
      "dial",
      [
        "ip4",
        [4, here, 0],
        [4, here, 0],
        [
          ["protocol", 1],
          ["timeout", 50],
        ],
      ],
    ],
    ["listenPacket", ["ip4", [4, here, 0], [["protocol", 253]]]],
  ];
  const onStream = new Set(streamCalls.map(([op]) => op));

  test.each([...opens, ...more])("OPEN %s %j", { timeout: 60_000 }, async (op, args) => {
    for (const variant of extremes(args)) {
      const line = await greeted();
      const outcome = await answered(line, pack([T.open, 1, op, variant]));
      expect([outcome, fine.has(outcome)], `${op} ${JSON.stringify(variant)}`).toEqual([outcome, true]);
      line.link.cut();
    }
  });

  test.each([...calls, ...streamCalls])("CALL %s %j", { timeout: 60_000 }, async (op, args) => {
    const { port } = server.address() as AddressInfo;
    for (const variant of extremes(args)) {
      const line = await greeted();
      if (onStream.has(op)) {
        line.send([T.open, 1, "dial", ["tcp", [4, here, port], null, []]]);
        await line.next(T.opened);
      }
      const outcome = await answered(line, pack([T.call, 7, onStream.has(op) ? 1 : 0, op, variant]));
      expect([outcome, fine.has(outcome)], `${op} ${JSON.stringify(variant)}`).toEqual([outcome, true]);
      line.link.cut();
    }
  });
});

test("W10: an interface's index beyond every kernel's is refused by the kernel", async () => {
  const line = await greeted();
  const group = [4, Uint8Array.of(239, 86, 0, 9), 0];
  for (const [i, index] of [2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1].entries()) {
    const request = pack([T.open, 2 * i + 1, "listenMulticast", ["udp4", group, index]]);
    expect(await answered(line, request)).toBe(T.refused);
    expect(line.all(T.refused).at(-1)?.[2]).toEqual(["errno", "setsockopt", "EADDRNOTAVAIL"]);
  }
  line.link.cut();
});

describe("W11: names that are none are asked of nobody", () => {
  const strange: readonly (readonly [what: string, name: string])[] = [
    ["NUL", "127.0.0.1\0.example.com"],
    ["zero width", "exam\u200bple.com"],
    ["right to left", "\u202emoc.elpmaxe"],
    ["full width", "１２７.0.0.1"],
    ["a line break", "a\nb.com"],
    ["an escape character", "\x1bred"],
    ["64 KiB less than a frame holds", `${"x".repeat(16_000)}.com`],
    ["a label of 64", `${"x".repeat(64)}.com`],
    ["octal", "0177.0.0.1"],
    ["hexadecimal", "0x7f.0.0.1"],
    ["a lone surrogate", "a\ud800b"],
  ];
  test.each(strange)("%s", async (_, name) => {
    const asked = names.asked.length;
    await expect(net.Dial("tcp", `${name}:80`)).rejects.toThrow(/^dial tcp: lookup .*: no such host$/s);
    await expect(net.LookupHost(name)).rejects.toMatchObject({ IsNotFound: true });
    expect(
      names.asked.slice(asked).filter((q) => q.name.includes("\0") || /[^\x20-\x7e]/.test(q.name)),
    ).toEqual([]);
    // Whatever of it is logged is one line each.
    for (const line of lines) expect(isPlain(line)).toBe(true);
  });

  test("a name over a frame fails here, and bytes that are not UTF-8 are 4400", async () => {
    await expect(net.Dial("tcp", `${"x".repeat(65_536)}:80`)).rejects.toThrow();
    for (const bytes of ["a2c080", "a3eda080", "a1ff", "a4f4908080"]) {
      const line = await greeted();
      const head = Buffer.from("951a0100", "hex");
      const call = Buffer.concat([head, pack("hostNames"), Buffer.from(`91${bytes}`, "hex")]);
      expect(await answered(line, call), bytes).toBe(4400);
    }
  });

  test("what a client says of itself is one line of the log", async () => {
    const line = new RawLine();
    sessions.serve(line.link.a, caller);
    line.send([T.hello, 1, [], null, null, 1, 0, 'x\n{"level":"error"}\u001b[2J']);
    await line.next(T.welcome);
    expect(lines).toHaveLength(1);
    expect(isPlain(lines[0] as string)).toBe(true);
    expect(JSON.parse(lines[0] as string).level).toBe("info");
    lines = [];
    line.link.cut();
  });
});

describe("W19: unknown networks, as Go 1.19 names them", () => {
  const unknown = ["tcp5", "TCP", "tcp\0", "tcp ", "unix4", "sctp"];
  test.each(unknown)("%j", async (n) => {
    const at = "127.0.0.1:0";
    await expect(net.Dial(n, "127.0.0.1:1")).rejects.toThrow(new RegExp(`^dial ${n}: unknown network ${n}$`));
    await expect(net.Listen(n, at)).rejects.toThrow(new RegExp(`^listen ${n}: unknown network ${n}$`));
    await expect(net.ListenPacket(n, at)).rejects.toThrow(new RegExp(`^listen ${n}: unknown network ${n}$`));
    await expect(net.ResolveTCPAddr(n, at)).rejects.toThrow(new RegExp(`^unknown network ${n}$`));
    await expect(net.ResolveUDPAddr(n, at)).rejects.toThrow(new RegExp(`^unknown network ${n}$`));
    await expect(net.ResolveIPAddr(n, "127.0.0.1")).rejects.toThrow(new RegExp(`^unknown network ${n}$`));
  });

  const all = ["tcp", "tcp4", "udp", "udp6", "ip:1", "ip4:icmp", "ip", "unix", "unixgram", "", ...unknown];
  test.each(["dial", "listen", "listenPacket", "listenMulticast"])(
    "OPEN %s of a client that did not look",
    async (op) => {
      const line = await greeted();
      let id = 1;
      for (const n of all.filter((each) => /^$|5|TCP|\0| |:|unix4|sctp/.test(each))) {
        const args = { dial: [n, to, null, []], listenMulticast: [n, to, 0] }[op] ?? [n, to, []];
        expect(await answered(line, pack([T.open, id, op, args])), n).toBe(T.refused);
        expect(line.all(T.refused).at(-1)?.[2]).toEqual(["network", n]);
        id += 2;
      }
      line.link.cut();
    },
  );
});
