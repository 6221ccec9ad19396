import { readFile } from "node:fs/promises";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import type { SessionsOptions } from "../gateway/sessions.js";
import { liveSockets } from "../native/index.js";
import { connectOver } from "./connect.js";
import { MX, SRV, sortMX, sortSRV } from "./dnsclient.js";
import { Is } from "./errors.js";
import { DNSError, type OpError } from "./net.js";
import { detailOf } from "./pieces.js";
import { type Joined, overMemory, ways } from "./testing/gateways.js";
import { type Asked, data, type NameServer, nameServer, type Said } from "./testing/nameserver.js";
import { pair } from "./wire/pair.js";

const nothing: Said = { code: 3 };

interface Place extends Joined {
  readonly server: NameServer;
}

// place is a client whose gateway asks a name server of the test's own.
async function place(
  say: (asked: Asked) => Said | Promise<Said>,
  options: SessionsOptions = {},
  join = overMemory,
): Promise<Place> {
  const server = await nameServer(say);
  const joined = await join({ ...options, dnsServers: [server.address] });
  onTestFinished(async () => {
    await joined.close();
    await server.close();
  });
  return { ...joined, server };
}

// failed is the DNSError that a call rejects with.

async function failed(call: Promise<unknown>): Promise<DNSError> {
  const err = await call.then(
    () => null,
    (e: unknown) => e,
  );
  expect(err).toBeInstanceOf(DNSError);
  return err as DNSError;
}

afterEach(() => {
  // Each lookup has closed its sockets, whatever became of it.
  expect(liveSockets()).toBe(0);
});

describe("lookups", () => {
  test.each(Object.entries(ways))("go over %s", async (_, join) => {
    const records: Partial<Record<Asked["type"], Uint8Array[]>> = {
      A: [data.A("192.0.2.1")],
      MX: [data.MX(20, "b.test"), data.MX(10, "a.test")],
      NS: [data.name("ns.test")],
      SRV: [data.SRV(2, 0, 80, "late.test"), data.SRV(1, 0, 81, "early.test")],
      TXT: [data.TXT("one ", "two"), data.TXT("")],
      PTR: [data.name("host.test")],
    };
    const { net } = await place(({ type }) => ({ records: records[type] ?? [] }), {}, join);
    expect(await net.LookupHost("a.test.")).toEqual(["192.0.2.1"]);
    expect((await net.LookupIP("a.test.")).map(String)).toEqual(["192.0.2.1"]);
    expect(await net.LookupCNAME("a.test.")).toBe("a.test.");
    expect(await net.LookupMX("a.test.")).toEqual([
      new MX({ Host: "a.test.", Pref: 10 }),
      new MX({ Host: "b.test.", Pref: 20 }),
    ]);
    expect((await net.LookupNS("a.test.")).map((ns) => ns.Host)).toEqual(["ns.test."]);
    const [cname, servers] = await net.LookupSRV("web", "tcp", "a.test.");
    expect([cname, servers.map((s) => s.Target)]).toEqual([
      "_web._tcp.a.test.",
      ["early.test.", "late.test."],
    ]);
    expect(await net.LookupTXT("a.test.")).toEqual(["one two", ""]);
    expect(await net.LookupAddr("192.0.2.77")).toEqual(["host.test."]);
    expect(await net.LookupPort("tcp", "https")).toBe(443);
    expect(net.DefaultResolver).toBeInstanceOf(net.Resolver);
  });

  test("find a thousand addresses, over TCP", async () => {
    const many = Array.from({ length: 1000 }, (_, i) => data.A(`192.0.${i >> 8}.${i & 0xff}`));
    const { net, server } = await place(({ type, network }) =>
      network === "udp" ? { isTruncated: true } : { records: type === "A" ? many : [] },
    );
    const found = await net.LookupHost("many.test.");
    expect(new Set(found).size).toBe(1000);
    expect(server.asked.filter((q) => q.network === "tcp").length).toBe(2);
  });

  test("carry texts of any length and bytes", async () => {
    const long = Array.from({ length: 60 }, () => "x".repeat(250));
    const odd = data.TXT(Uint8Array.of(0x61, 0xff, 0x62));
    const { net } = await place(({ network }) =>
      network === "udp" ? { isTruncated: true } : { records: [data.TXT(...long), odd] },
    );
    expect(await net.LookupTXT("t.test.")).toEqual([long.join(""), "a\ufffdb"]);
  });

  test("leave out invalid names and carry the others on the error", async () => {
    const bad = Buffer.from([3, 0x61, 0x20, 0x62, 0]);
    const { net } = await place(({ type }) =>
      type === "MX"
        ? { records: [Buffer.concat([Buffer.from([0, 1]), bad]), data.MX(2, "good.test")] }
        : nothing,
    );
    const err = await failed(net.LookupMX("m.test."));
    expect(err.message).toBe("lookup m.test.: DNS response contained records which contain invalid names");
    expect(err.results).toEqual([new MX({ Host: "good.test.", Pref: 2 })]);
  });

  test("ask nobody about what is no name", async () => {
    const { net, server } = await place(() => nothing);
    const names = [
      "",
      "foo bar",
      "127.1",
      "0177.0.0.1",
      "2130706433",
      "127.0.0.1\0.test",
      "１２７.0.0.1",
      "a..b",
    ];
    for (const name of names) {
      for (const look of [
        net.LookupHost,
        net.LookupIP,
        net.LookupMX,
        net.LookupTXT,
        net.LookupNS,
        net.LookupCNAME,
      ]) {
        expect(await failed(look(name))).toMatchObject({
          message: `lookup ${name}: no such host`,
          IsNotFound: true,
          Server: "",
        });
      }
      expect(await failed(net.LookupAddr(name))).toMatchObject({ Err: "unrecognized address", Name: name });
    }
    expect(server.asked).toEqual([]);
  });

  test("tell which server said what", async () => {
    const { net, server } = await place(() => ({ code: 2 }));
    const err = await failed(net.LookupHost("a.test."));
    expect(err).toMatchObject({
      message: `lookup a.test. on ${server.address}: server misbehaving`,
      Server: server.address,
      IsTemporary: true,
      IsTimeout: false,
      IsNotFound: false,
    });
    expect([err.Timeout(), err.Temporary()]).toEqual([false, true]);
  });
});

describe("an AbortSignal", () => {
  test("ends a lookup at once, and its sockets at the gateway", async () => {
    const { net, server } = await place(() => null);
    const abort = new AbortController();
    const looking = failed(net.LookupHost("a.test.", abort.signal));
    await expect.poll(() => server.asked.length).toBe(2);
    expect(liveSockets()).toBeGreaterThan(0);
    abort.abort();
    const err = await looking;
    expect(err).toMatchObject({ message: "lookup a.test.: operation was canceled", IsTimeout: false });
    await expect.poll(liveSockets).toBe(0);
  });

  test("with a timeout is a timeout", async () => {
    const { net } = await place(() => null);
    const err = await failed(net.LookupMX("a.test.", AbortSignal.timeout(30)));
    expect(err).toMatchObject({ message: "lookup a.test.: i/o timeout", IsTimeout: true });
    await expect.poll(liveSockets).toBe(0);
  });

  test("that is aborted already asks nobody", async () => {
    const { net, server } = await place(() => nothing);
    expect((await failed(net.LookupTXT("a.test.", AbortSignal.abort()))).Err).toBe("operation was canceled");
    expect(server.asked).toEqual([]);
  });

  test("ends every other wait of a Resolver", async () => {
    const { net } = await place(() => null);
    const signal = AbortSignal.timeout(30);
    const r = new net.Resolver();
    const errs = await Promise.all([
      failed(r.LookupIPAddr("a.test.", signal)),
      failed(r.LookupIP("ip4", "a.test.", signal)),
      failed(r.LookupNS("a.test.", signal)),
      failed(r.LookupSRV("a", "tcp", "a.test.", signal)),
      failed(r.LookupCNAME("a.test.", signal)),
      failed(r.LookupAddr("192.0.2.99", signal)),
    ]);
    expect(errs.every((err) => err.IsTimeout)).toBe(true);
    await expect.poll(liveSockets).toBe(0);
  });
});

describe("the limit of lookups", () => {
  test("lets the others wait their turn", async () => {
    const held: (() => void)[] = [];
    const { net, server } = await place(
      ({ type }) =>
        type === "AAAA"
          ? { records: [] }
          : new Promise((resolve) => held.push(() => resolve({ records: [data.A("192.0.2.1")] }))),
      { limits: { lookups: 2 } },
    );
    const names = ["a.test.", "b.test.", "c.test."];
    const looking = names.map((name) => net.LookupHost(name));
    await expect.poll(() => held.length).toBe(2);
    expect(server.asked.some((q) => q.name === "c.test.")).toBe(false);
    held.shift()?.();
    await expect.poll(() => held.length).toBe(2);
    for (const answer of held) answer();
    expect(await Promise.all(looking)).toEqual(names.map(() => ["192.0.2.1"]));
  });

  test("does not hold up another session", async () => {
    const say = ({ name, type }: Asked): Said =>
      name === "dead.test." ? null : { records: type === "A" ? [data.A("192.0.2.1")] : [] };
    const { net, sessions } = await place(say, { limits: { lookups: 1 } });
    const link = pair({ defer: setImmediate });
    sessions.serve(link.b, { remoteAddress: "127.0.0.1", origin: null, principal: "other" });
    const other = await connectOver(async () => link.a);
    const abort = new AbortController();
    const dead = Promise.all([1, 2, 3].map(() => failed(net.LookupHost("dead.test.", abort.signal))));
    expect(await other.LookupHost("a.test.")).toEqual(["192.0.2.1"]);
    abort.abort();
    await dead;
    await other.session.close();
    await expect.poll(liveSockets).toBe(0);
  });

  test("is 32, and a dead server holds up nothing else", async () => {
    const { net, server } = await place(() => null);
    const abort = new AbortController();
    const names = Array.from({ length: 40 }, (_, i) => `n${i}.test.`);
    const dead = Promise.all(names.map((name) => failed(net.LookupHost(name, abort.signal))));
    await expect.poll(() => server.asked.length).toBe(64); // A and AAAA of each
    // Lookups are not done by the four threads that read files.
    const times: number[] = [];
    for (let i = 0; i < 100; i++) {
      const began = performance.now();
      await readFile(import.meta.filename);
      times.push(performance.now() - began);
    }
    // Held up would be as long as the server is silent; how long it takes here, other tests have a say in.
    expect(times.sort((a, b) => a - b)[98]).toBeLessThan(1_000);
    expect(server.asked.length).toBe(64);
    abort.abort();
    expect((await dead).every((err) => err.Err === "operation was canceled")).toBe(true);
    await expect.poll(liveSockets).toBe(0);
  });

  test("the end of the session ends its lookups", async () => {
    const { net, server } = await place(() => null);
    const looking = failed(net.LookupHost("a.test."));
    await expect.poll(() => server.asked.length).toBe(2);
    await net.session.close();
    const err = await looking;
    expect(err.IsTemporary).toBe(true);
    expect(Is(err, err.UnwrapErr as Error)).toBe(true);
    expect(detailOf(err)?.code).toBe("GONET_SESSION_LOST");
    await expect.poll(liveSockets).toBe(0);
  });
});

describe("Resolver", () => {
  test("is strict if it is told to be", async () => {
    const { net } = await place(({ type }) =>
      type === "A" ? { records: [data.A("192.0.2.1")] } : { code: 2 },
    );
    expect(await new net.Resolver().LookupHost("a.test.")).toEqual(["192.0.2.1"]);
    const strict = new net.Resolver({ StrictErrors: true });
    expect((await failed(strict.LookupHost("a.test."))).Err).toBe("server misbehaving");
    strict.StrictErrors = false;
    expect(await strict.LookupHost("a.test.")).toEqual(["192.0.2.1"]);
  });

  test("looks up numbers without a gateway", async () => {
    const { net } = await place(() => nothing);
    await net.session.close();
    const r = new net.Resolver();
    expect(await r.LookupPort("tcp", "80")).toBe(80);
    expect(await r.LookupHost("::1")).toEqual(["::1"]);
    expect((await r.LookupIPAddr("fe80::1%lo")).map(String)).toEqual(["fe80::1%lo"]);
    expect((await r.LookupIP("ip6", "2001:db8::1")).map(String)).toEqual(["2001:db8::1"]);
    await expect(r.LookupPort("tcp", "65536")).rejects.toThrow("address 65536: invalid port");
    await expect(r.LookupIP("tcp", "a.test")).rejects.toThrow("unknown network tcp");
  });

  test("says what is wrong if there is no gateway to ask", async () => {
    const { net } = await place(() => nothing);
    await net.session.close();
    const err = await failed(net.LookupHost("a.test"));
    expect(err.message).toBe("lookup a.test: connect: network is down");
  });
});

describe("a Resolver with a Dial", () => {
  test("asks over connections that it makes, through the gateway's sockets", async () => {
    const { net, server } = await place(({ type }) => ({
      records:
        type === "A"
          ? [data.A("192.0.2.2"), data.A("192.0.2.1")]
          : type === "MX"
            ? [data.MX(5, "m.test")]
            : [],
    }));
    const dialled: string[] = [];
    const Dial = async (network: string, address: string, signal?: AbortSignal) => {
      dialled.push(`${network} ${address}`);
      return net.Dial("tcp", server.address, signal); // a stream, whatever was asked for
    };
    const r = new net.Resolver({ PreferGo: true, Dial });
    expect(await r.LookupHost("a.test.")).toEqual(["192.0.2.2", "192.0.2.1"]);
    expect((await r.LookupMX("a.test.")).map((mx) => mx.Host)).toEqual(["m.test."]);
    expect(server.asked.every((q) => q.network === "tcp")).toBe(true);
    expect(new Set(dialled)).toEqual(new Set([`udp ${server.address}`]));
    expect(await r.LookupHost("localhost")).toContain("127.0.0.1"); // out of the gateway's hosts file
    await expect.poll(liveSockets).toBe(0);
  });

  test("sends packets over what is a PacketConn, and turns to TCP for what does not fit", async () => {
    const { net, server } = await place(({ type, network }) =>
      network === "udp" && type === "A"
        ? { isTruncated: true }
        : { records: type === "A" ? [data.A("192.0.2.1")] : [] },
    );
    const Dial = (network: string, address: string, signal?: AbortSignal) =>
      net.Dial(network, address, signal);
    const r = new net.Resolver({ Dial });
    expect((await r.LookupIPAddr("a.test.")).map(String)).toEqual(["192.0.2.1"]);
    expect(server.asked.map((q) => `${q.network} ${q.type}`).sort()).toEqual(["tcp A", "udp A", "udp AAAA"]);
    await expect.poll(liveSockets).toBe(0);
  });

  test("tells the errors of the connection", async () => {
    const { net, server } = await place(() => nothing);
    const r = new net.Resolver({
      Dial: () => net.Dial("tcp", "127.0.0.1:1"),
    });
    expect(await failed(r.LookupTXT("a.test."))).toMatchObject({
      message: `lookup a.test. on ${server.address}: dial tcp 127.0.0.1:1: connect: connection refused`,
      IsTemporary: true,
    });
    const broken = new net.Resolver({ Dial: () => Promise.reject(new Error("no way")) });
    expect(await failed(broken.LookupTXT("a.test."))).toMatchObject({ Err: "no way", IsTemporary: false });
  });

  test("stops where it is told to", async () => {
    const { net, server } = await place(() => null);
    const r = new net.Resolver({ Dial: (_, __, signal) => net.Dial("tcp", server.address, signal) });
    const err = await failed(r.LookupHost("a.test.", AbortSignal.timeout(50)));
    expect(err).toMatchObject({ message: "lookup a.test.: i/o timeout", IsTimeout: true });
    const never = new net.Resolver({ Dial: () => new Promise(() => {}) });
    expect((await failed(never.LookupMX("a.test.", AbortSignal.timeout(50)))).IsTimeout).toBe(true);
    await expect.poll(liveSockets).toBe(0);
  });
});

describe("Dial by name", () => {
  test("uses the same resolver", async () => {
    const { net, server } = await place(({ type }) => ({
      records: type === "A" ? [data.A("127.0.0.1")] : [],
    }));
    const l = await net.Listen("tcp", "127.0.0.1:0");
    const port = l.Addr().String().replace(/.*:/, "");
    await using c = await net.Dial("tcp", `a.test.:${port}`);
    expect(c.RemoteAddr().String()).toBe(`127.0.0.1:${port}`);
    await c.Close();
    await l.Close();
    expect(server.asked.map((q) => q.type).sort()).toEqual(["A", "AAAA"]);
    await expect.poll(liveSockets).toBe(0);
  });

  test("asks for the family of the network only", async () => {
    const { net, server } = await place(() => nothing);
    const err = (await net.Dial("tcp4", "a.test.:80").catch((e: unknown) => e)) as OpError;
    expect(err.message).toBe(`dial tcp4: lookup a.test. on ${server.address}: no such host`);
    expect(server.asked.map((q) => q.type)).toEqual(["A"]);
  });

  test("ends its lookup with its timeout", async () => {
    const { net } = await place(() => null);
    const err = (await net.DialTimeout("tcp", "a.test.:80", 50).catch((e: unknown) => e)) as OpError;
    expect(err.message).toBe("dial tcp: lookup a.test.: i/o timeout");
    expect([err.Timeout(), (err.Err as DNSError).IsTimeout]).toEqual([true, true]);
    await expect.poll(liveSockets).toBe(0);
  });
});

describe("sortSRV", () => {
  const srv = (Target: string, Priority: number, Weight: number) =>
    new SRV({ Target, Priority, Weight, Port: 1 });

  test("goes by priority", () => {
    const list = [srv("c", 3, 9), srv("a", 1, 0), srv("b", 2, 1)];
    expect(sortSRV(list).map((s) => s.Target)).toEqual(["a", "b", "c"]);
  });

  test("gives each its share of first places", () => {
    const list = [
      srv("heavy", 1, 60),
      srv("light", 1, 20),
      srv("lighter", 1, 19),
      srv("none", 1, 0),
      srv("one", 1, 1),
    ];
    const rounds = 20_000;
    const firsts = new Map<string, number>();
    for (let i = 0; i < rounds; i++) {
      const [first] = sortSRV(list);
      firsts.set(first?.Target ?? "", (firsts.get(first?.Target ?? "") ?? 0) + 1);
    }
    // Five standard deviations of the largest share are below 0.018.
    for (const s of list) {
      expect((firsts.get(s.Target) ?? 0) / rounds).toBeCloseTo(s.Weight / 100, 1.4);
    }
  });

  test("keeps every server, also without weights", () => {
    const list = ["a", "b", "c"].map((t) => srv(t, 1, 0));
    expect(sortSRV(list).map((s) => s.Target)).toEqual(["a", "b", "c"]);
    expect(sortSRV([])).toEqual([]);
  });

  test("chooses as RFC 2782 has it", () => {
    const list = [srv("w1", 1, 1), srv("w2", 1, 2), srv("w0", 1, 0)];
    const numbers = [2, 0];
    expect(sortSRV(list, () => numbers.shift() ?? 0).map((s) => s.Target)).toEqual(["w2", "w1", "w0"]);
  });
});

describe("sortMX", () => {
  test("goes by preference, and shuffles equals", () => {
    const list = ["a", "b", "c"].map((Host) => new MX({ Host, Pref: 5 }));
    const all = [new MX({ Host: "last", Pref: 9 }), ...list, new MX({ Host: "first", Pref: 1 })];
    const orders = new Set<string>();
    for (let i = 0; i < 300; i++) {
      const sorted = sortMX(all).map((mx) => mx.Host);
      expect([sorted[0], sorted[4]]).toEqual(["first", "last"]);
      orders.add(sorted.slice(1, 4).join(""));
    }
    expect(orders.size).toBe(6);
  });
});
