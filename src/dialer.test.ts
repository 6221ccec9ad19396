import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Net } from "./connect.js";
import { failure as refusal } from "./testing/anatomy.js";
import { type Joined, overMemory } from "./testing/gateways.js";

const anyPort4 = "127.0.0.1:0";

// portOf is the port in an address.
function portOf(address: string): number {
  return Number(address.replace(/.*:/, ""));
}

describe("Dialer", () => {
  let joined: Joined;
  let net: Net;

  beforeAll(async () => {
    joined = await overMemory();
    net = joined.net;
  });

  afterAll(() => joined.close());

  test("its fields are those that it was given, or empty", () => {
    const d = new net.Dialer();
    expect(d).toBeInstanceOf(net.Dialer);
    expect({ ...d }).toEqual({
      Timeout: 0,
      Deadline: null,
      LocalAddr: null,
      KeepAlive: 0,
      KeepAliveConfig: {},
      FallbackDelay: 0,
      Resolver: null,
    });
    expect(new net.Dialer({ Timeout: 5, KeepAlive: -1 }).Timeout).toBe(5);
  });

  test.each(["tcp", "udp"] as const)("%s from an address of one's own", async (network) => {
    await using l =
      network === "tcp" ? await net.Listen("tcp", anyPort4) : await net.ListenPacket("udp", anyPort4);
    const to = ("Addr" in l ? l.Addr() : l.LocalAddr()).String();
    const IP = net.IPv4(127, 0, 0, 2);
    const LocalAddr = network === "tcp" ? new net.TCPAddr({ IP }) : new net.UDPAddr({ IP });
    const d = new net.Dialer({ LocalAddr });
    await using c = await d.Dial(network, to);
    expect(c.LocalAddr().String()).toMatch(/^127\.0\.0\.2:\d+$/);
    // A name too: its addresses of that family are dialled.
    await using named = await d.Dial(network, `localhost:${portOf(to)}`);
    expect(named.LocalAddr().String()).toMatch(/^127\.0\.0\.2:\d+$/);
    expect(named.RemoteAddr()?.String()).toBe(to);
  });

  test("an address of one's own that does not fit", async () => {
    const message = async (act: () => unknown): Promise<string> => (await refusal(act)).message;
    const udp = new net.UDPAddr({ IP: net.IPv4(127, 0, 0, 1) });
    expect(await message(() => new net.Dialer({ LocalAddr: udp }).Dial("tcp", "127.0.0.1:9"))).toBe(
      "dial tcp: address 127.0.0.1:0: mismatched local address type",
    );
    const gram = new net.UnixAddr({ Name: "/x", Net: "unixgram" });
    expect(await message(() => new net.Dialer({ LocalAddr: gram }).Dial("unix", "/y"))).toBe(
      "dial unix: address /x: mismatched local address type",
    );
    const six = new net.TCPAddr({ IP: net.ParseIP("::1") });
    expect(await message(() => new net.Dialer({ LocalAddr: six }).Dial("tcp", "127.0.0.1:9"))).toBe(
      "dial tcp: address [::1]:0: no suitable address found",
    );
    const far = new net.TCPAddr({ IP: net.IPv4(192, 0, 2, 1) });
    expect(await message(() => new net.Dialer({ LocalAddr: far }).Dial("tcp", "127.0.0.1:9"))).toBe(
      "dial tcp 192.0.2.1:0->127.0.0.1:9: bind: cannot assign requested address",
    );
  });

  test("a time that is over before it began", async () => {
    await using l = await net.Listen("tcp", anyPort4);
    const to = l.Addr().String();
    for (const d of [
      new net.Dialer({ Timeout: -1 }),
      new net.Dialer({ Deadline: 1000 }),
      new net.Dialer({ Deadline: new Date(1000), Timeout: 60_000 }),
    ]) {
      const err = await refusal(() => d.Dial("tcp", to));
      expect([err.message, err.Timeout()]).toEqual([`dial tcp ${to}: i/o timeout`, true]);
    }
    // Of a name that has to be looked up, the lookup is late.
    const late = await refusal(() => new net.Dialer({ Deadline: 1000 }).Dial("tcp", "localhost:9"));
    expect([late.message, late.Timeout()]).toEqual(["dial tcp: lookup localhost: i/o timeout", true]);
    const d = new net.Dialer({ Deadline: Date.now() + 60_000, Timeout: 60_000 });
    await (await d.Dial("tcp", to)).Close();
    await (await new net.Dialer({ Timeout: 2 ** 40 }).Dial("tcp", to)).Close();
  });

  test("a signal gives up, and does nothing afterwards", async () => {
    await using l = await net.Listen("tcp", anyPort4);
    const abort = new AbortController();
    const d = new net.Dialer();
    await using c = await d.DialContext("tcp", l.Addr().String(), abort.signal);
    abort.abort();
    expect(await c.Write(new Uint8Array(1))).toBe(1);
    const err = await refusal(() => d.DialContext("tcp", l.Addr().String(), abort.signal));
    expect(err.message).toBe(`dial tcp ${l.Addr().String()}: operation was canceled`);
    expect(net.errors.Is(err, net.context.Canceled)).toBe(true);
    const own = new net.Dialer({ LocalAddr: new net.TCPAddr() });
    expect((await refusal(() => own.DialContext("tcp", "localhost:9", abort.signal))).message).toMatch(
      /operation was canceled$/,
    );
  });

  test("a Resolver of its own looks the name up", async () => {
    await using l = await net.Listen("tcp", anyPort4);
    const port = portOf(l.Addr().String());
    const asked: string[] = [];
    const r = new net.Resolver({
      async Dial(network, address) {
        asked.push(`${network} ${address}`);
        throw net.errors.New("no server today");
      },
    });
    // The hosts file is looked at first, and names localhost.
    await using c = await new net.Dialer({ Resolver: r }).Dial("tcp", `localhost:${port}`);
    expect(c.RemoteAddr().String()).toBe(`127.0.0.1:${port}`);
    expect(asked).toEqual([]);
    const err = await refusal(() => new net.Dialer({ Resolver: r }).Dial("tcp", "nowhere.test:80"));
    expect(err.Err).toBeInstanceOf(net.DNSError);
    expect(err.message).toMatch(/^dial tcp: lookup nowhere\.test.*: no server today$/);
    expect(asked.length).toBeGreaterThan(0);
  });

  test("of several addresses the one that answers", async () => {
    // localhost is both; only one of the two has a listener.
    for (const [network, at] of [
      ["tcp4", "127.0.0.1:0"],
      ["tcp6", "[::1]:0"],
    ] as const) {
      await using l = await net.Listen(network, at);
      const port = portOf(l.Addr().String());
      for (const FallbackDelay of [0, 1, -1]) {
        const d = new net.Dialer({ FallbackDelay, Resolver: twoAddresses() });
        await using c = await d.Dial("tcp", `both.test:${port}`);
        expect(c.RemoteAddr().String()).toBe(l.Addr().String());
      }
    }
    const err = await refusal(() => new net.Dialer({ Resolver: twoAddresses() }).Dial("tcp", "both.test:1"));
    expect(err.message).toBe("dial tcp [::1]:1: connect: connection refused");
  });

  // twoAddresses finds an IPv6 and an IPv4 address for every name.
  function twoAddresses(): InstanceType<Net["Resolver"]> {
    const r = new net.Resolver();
    const system = r.lookup();
    r.lookup = () => ({
      ...system,
      addresses: async () => [
        new net.IPAddr({ IP: net.ParseIP("::1") }),
        new net.IPAddr({ IP: net.ParseIP("127.0.0.1") }),
      ],
    });
    return r;
  }

  test("any address of either family means this machine", async () => {
    await using l = await net.Listen("tcp", ":0");
    const port = portOf(l.Addr().String());
    for (const host of ["", "[::]", "0.0.0.0", "localhost"]) {
      await using c = await net.Dial("tcp", `${host}:${port}`);
      await (await l.Accept()).Close();
      expect(portOf(c.RemoteAddr().String())).toBe(port);
    }
  });

  test("keep-alive, in each way to ask for it, is there or not", async () => {
    await using l = await net.Listen("tcp", anyPort4);
    const to = l.Addr().String();
    for (const fields of [
      {},
      { KeepAlive: 1500 },
      { KeepAlive: -1 },
      { KeepAliveConfig: { Enable: true } },
      { KeepAliveConfig: { Enable: true, Idle: 1000, Interval: 2000, Count: 3 } },
      { KeepAliveConfig: { Enable: true, Idle: -1, Interval: -1, Count: -1 } },
    ]) {
      await using c = await new net.Dialer(fields).Dial("tcp", to);
      await c.SetKeepAliveConfig({ Enable: true, Idle: 60_000 });
      await c.SetKeepAliveConfig({});
    }
    await using c = await net.Dial("tcp", to);
    expect((await refusal(() => c.SetKeepAliveConfig({ Enable: true, Idle: 1e9 }))).message).toMatch(
      /^set tcp .*: setsockopt: invalid argument$/,
    );
  });

  test("Unix sockets", async () => {
    await using l = await net.Listen("unix", "@gonet-dialer-test");
    await using c = await new net.Dialer({ Timeout: 1000 }).Dial("unix", "@gonet-dialer-test");
    expect(c.RemoteAddr()?.String()).toBe(l.Addr().String());
    const from = new net.UnixAddr({ Name: "@gonet-dialer-test-2", Net: "unix" });
    await using d = await new net.Dialer({ LocalAddr: from }).Dial("unix", "@gonet-dialer-test");
    expect(d.LocalAddr().String()).toBe("@gonet-dialer-test-2");
    const to = l.Addr() as InstanceType<Net["UnixAddr"]>;
    await using e = await new net.Dialer().DialUnix("unix", null, to);
    expect(e.LocalAddr().String()).toBe("@");
    const err = await refusal(() => new net.Dialer({ Deadline: 1 }).DialUnix("unix", null, to));
    expect(err.message).toBe("dial unix @gonet-dialer-test: i/o timeout");
  });

  test("of two that connect, one is kept", async () => {
    // Listening on both families, so that both dials of the race succeed.
    const server = createServer();
    let open = 0;
    let seen = 0;
    server.on("connection", (c) => {
      open++;
      seen++;
      c.once("close", () => open--).on("error", () => {});
      c.resume();
    });
    await new Promise<void>((resolve) => server.listen({ port: 0, host: "::" }, resolve));
    const { port } = server.address() as AddressInfo;
    const rounds = 20;
    for (let i = 0; i < rounds; i++) {
      const d = new net.Dialer({ FallbackDelay: 0.01, Resolver: twoAddresses() });
      await (await d.Dial("tcp", `both.test:${port}`)).Close();
    }
    await expect.poll(() => [open, seen >= rounds]).toEqual([0, true]);
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("ListenConfig", () => {
  let joined: Joined;
  let net: Net;

  beforeAll(async () => {
    joined = await overMemory();
    net = joined.net;
  });

  afterAll(() => joined.close());

  test("listens on each network", async () => {
    const lc = new net.ListenConfig({ KeepAlive: -1 });
    await using tcp = await lc.Listen("tcp", anyPort4);
    await using six = await lc.Listen("tcp6", "[::1]:0");
    await using unix = await lc.Listen("unix", "");
    await using udp = await lc.ListenPacket("udp", "localhost:0");
    await using gram = await lc.ListenPacket("unixgram", "@gonet-listen-test");
    expect(tcp.Addr().String()).toMatch(/^127\.0\.0\.1:/);
    expect(six.Addr().String()).toMatch(/^\[::1\]:/);
    expect(unix.Addr().String()).toMatch(/^@/);
    expect(udp.LocalAddr().String()).toMatch(/^127\.0\.0\.1:/);
    expect(gram.LocalAddr().String()).toBe("@gonet-listen-test");
  });

  test("accepted connections are probed as it says", async () => {
    const lc = new net.ListenConfig({ KeepAliveConfig: { Enable: true, Idle: 5000 } });
    await using l = await lc.Listen("tcp", anyPort4);
    const [c, s] = await Promise.all([net.Dial("tcp", l.Addr().String()), l.Accept()]);
    await s.Write(new Uint8Array(1));
    expect(await c.Read(new Uint8Array(1))).toBe(1);
    await Promise.all([c.Close(), s.Close()]);
  });

  test("what cannot be listened on", async () => {
    const lc = new net.ListenConfig();
    const message = async (act: () => unknown): Promise<string> => (await refusal(act)).message;
    expect(await message(() => lc.Listen("udp", anyPort4))).toBe(
      "listen udp 127.0.0.1:0: address 127.0.0.1:0: unexpected address type",
    );
    expect(await message(() => lc.ListenPacket("tcp", anyPort4))).toBe(
      "listen tcp 127.0.0.1:0: address 127.0.0.1:0: unexpected address type",
    );
    expect(await message(() => lc.ListenPacket("ip4", "127.0.0.1"))).toBe("listen ip4: unknown network ip4");
    expect(await message(() => lc.Listen("tcp", "127.0.0.1"))).toBe(
      "listen tcp: address 127.0.0.1: missing port in address",
    );
    expect(await message(() => lc.Listen("tcp4", "[::1]:0"))).toBe(
      "listen tcp4: address ::1: no suitable address found",
    );
    expect(await message(() => lc.Listen("tcp", "192.0.2.1:0"))).toBe(
      "listen tcp 192.0.2.1:0: bind: cannot assign requested address",
    );
    const gone = AbortSignal.abort();
    expect(await message(() => lc.Listen("tcp", anyPort4, gone))).toMatch(/: operation was canceled$/);
    expect(await message(() => lc.ListenPacket("udp", anyPort4, gone))).toMatch(/: operation was canceled$/);
  });
});
