// What is recorded: each of the library's operations, in small sessions of their own. They use nothing but loopback and
// abstract Unix sockets.

import type { Net } from "../../connect.js";
import type { Conn, PacketConn } from "../../net.js";
import { tcpPair } from "../tcppair.js";
import { type Peers, peerHost } from "./peers.js";

/** Place is where a scene plays. */
export interface Place {
  readonly net: Net;
  readonly peers: Peers;
  /** cut breaks the link; the session is taken up on another. */
  cut(): Promise<void>;
}

export type Scene = (place: Place) => Promise<unknown>;

const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s);

// fails waits for a call that has to fail.
async function fails(call: Promise<unknown>): Promise<void> {
  const succeeded = await call.then(
    () => true,
    () => false,
  );
  if (succeeded) throw new Error("what should fail did not");
}

async function say(c: Conn, text: string): Promise<void> {
  await c.Write(utf8(text));
  await read(c, text.length);
}

async function read(c: Conn, n: number): Promise<void> {
  for (let got = 0; got < n; ) got += await c.Read(new Uint8Array(n));
}

async function drain(c: Conn): Promise<void> {
  for await (const _ of c) {
    // to the end
  }
}

async function exchange(a: PacketConn, b: PacketConn, text: string): Promise<void> {
  await a.WriteTo(utf8(text), b.LocalAddr());
  const [, from] = await b.ReadFrom(new Uint8Array(2000));
  if (from !== null && from.String() !== "@") await b.WriteTo(utf8(text), from);
}

let names = 0;

function abstractName(): string {
  return `@gonet-corpus-${process.pid}-${++names}`;
}

async function unixPair(net: Net, network: "unix" | "unixpacket") {
  await using l = await net.Listen(network, abstractName());
  return await Promise.all([net.Dial(network, l.Addr().String()), l.AcceptUnix()]);
}

const closing = (...all: { Close(): Promise<void> }[]) => Promise.all(all.map((c) => c.Close()));

// echo makes a scene about a connection to the server that says everything back.
function echo(then: (c: Awaited<ReturnType<Net["DialTCP"]>>, place: Place) => Promise<unknown>): Scene {
  return async (place) => {
    const { net, peers } = place;
    const c = await net.DialTCP("tcp", null, await net.ResolveTCPAddr("tcp", peers.tcp));
    await then(c, place);
    await c.Close();
  };
}

// lookup makes a scene of one question.
function lookup(ask: (net: Net) => Promise<unknown>): Scene {
  return ({ net }) => ask(net).catch(() => {});
}

/** scenes are all of them by name. */
export const scenes: { readonly [name: string]: Scene } = {
  "tcp: one line": echo((c) => say(c, "one line")),
  "tcp: several writes": echo(async (c) => {
    for (let i = 0; i < 10; i++) await say(c, `line ${i}`);
  }),
  "tcp: an empty write": echo((c) => c.Write(new Uint8Array())),
  "tcp: 3,000 bytes each way": echo((c) => say(c, "x".repeat(3000))),
  "tcp: the far end sends 6,000 bytes": echo(async (c) => {
    await c.Write(utf8("large 6000"));
    await read(c, 6000);
  }),
  "tcp: half closed": echo(async (c) => {
    await say(c, "last words");
    await c.CloseWrite();
    await drain(c);
  }),
  "tcp: closed with data unread": echo(async (c) => {
    await c.Write(utf8("large 500"));
    await c.Read(new Uint8Array(1));
  }),
  "tcp: reset by the far end": echo(async (c) => {
    await c.Write(utf8("reset"));
    await fails(c.Read(new Uint8Array(10)));
    await fails(c.Write(utf8("more")).then(() => c.Write(utf8("more"))));
  }),
  "tcp: closed for reading": echo((c) => c.CloseRead()),
  "tcp: options": echo(async (c) => {
    await c.SetNoDelay(false);
    await c.SetNoDelay(true);
    await c.SetKeepAlive(true);
    await c.SetKeepAlivePeriod(30_000);
    await c.SetLinger(3);
    await c.SetReadBuffer(8192);
    await c.SetWriteBuffer(8192);
  }),
  "tcp: keep-alive in full": echo((c) =>
    c.SetKeepAliveConfig({ Enable: true, Idle: 15_000, Interval: 5_000, Count: 3 }),
  ),
  "tcp: linger 0": echo(async (c) => {
    await c.SetLinger(0);
    await c.Write(utf8("gone"));
  }),
  "tcp: a read deadline": echo(async (c) => {
    c.SetReadDeadline(new Date(Date.now() + 5));
    await fails(c.Read(new Uint8Array(1)));
    c.SetReadDeadline(null);
    await say(c, "goes on");
  }),
  "tcp: a file of it": echo(async (c) => {
    const f = await c.File();
    await f.Close();
  }),
  "tcp: a connection made of a file": echo(async (c, { net }) => {
    const f = await c.File();
    const again = await net.FileConn(f);
    await f.Close();
    await say(again as Conn, "again");
    await again.Close();
  }),
  "tcp: nobody listens": ({ net, peers }) => fails(net.Dial("tcp", peers.dead)),
  "tcp: from an address": async ({ net, peers }) => {
    const d = new net.Dialer({ LocalAddr: new net.TCPAddr({ IP: net.ParseIP("127.0.0.1") }) });
    const c = await d.Dial("tcp", peers.tcp);
    await say(c, "from");
    await c.Close();
  },
  "tcp: a timeout that is over": ({ net, peers }) =>
    fails(new net.Dialer({ Deadline: new Date(Date.now() - 1000) }).Dial("tcp", peers.tcp)),
  "tcp: a dial given up": async ({ net, peers }) => {
    const abort = new AbortController();
    const dial = net.Dial("tcp", peers.tcp, abort.signal).then(
      (c) => c.Close(),
      () => {},
    );
    abort.abort();
    await dial;
  },
  "tcp: by name": async ({ net, peers }) => {
    const c = await net.Dial("tcp", `echo.test:${peers.tcpPort}`);
    await say(c, "by name");
    await c.Close();
  },
  "tcp: by a name with two addresses": async ({ net, peers }) => {
    const c = await net.Dial("tcp4", `two.test:${peers.tcpPort}`);
    await c.Close();
  },
  "tcp: a name that is none": ({ net }) => fails(net.Dial("tcp", "nobody.test:80")),
  "tcp: a service by name": ({ net }) => fails(net.Dial("tcp", `${peerHost}:http`)),
  "tcp: an unknown service": ({ net }) => fails(net.Dial("tcp", `${peerHost}:no-such-service`)),
  "tcp: five at once": async ({ net, peers }) => {
    const all = await Promise.all(Array.from({ length: 5 }, () => net.Dial("tcp", peers.tcp)));
    await Promise.all(all.map((c, i) => say(c, `number ${i}`)));
    await closing(...all);
  },
  "tcp: a listener": async ({ net }) => {
    const [a, b] = await tcpPair(net);
    await a.Write(utf8("hello"));
    await read(b, 5);
    await closing(a, b);
  },
  "tcp: three are accepted": async ({ net }) => {
    const l = await net.Listen("tcp", "127.0.0.1:0");
    for (let i = 0; i < 3; i++) {
      const [a, b] = await Promise.all([net.Dial("tcp", l.Addr().String()), l.Accept()]);
      await closing(a, b);
    }
    await l.Close();
  },
  "tcp: a listener closed while it waits": async ({ net }) => {
    const l = await net.Listen("tcp", "127.0.0.1:0");
    const accepting = l.Accept().catch(() => {});
    await l.Close();
    await accepting;
  },
  "tcp: a listener's deadline": async ({ net }) => {
    const l = await net.ListenTCP("tcp", new net.TCPAddr({ IP: net.ParseIP("127.0.0.1") }));
    l.SetDeadline(new Date(Date.now() + 5));
    await fails(l.Accept());
    await l.Close();
  },
  "tcp: an address in use": async ({ net }) => {
    const l = await net.Listen("tcp", "127.0.0.1:0");
    await fails(net.Listen("tcp", l.Addr().String()));
    await l.Close();
  },
  "tcp: a listener made of a file": async ({ net }) => {
    const l = await net.ListenTCP("tcp", new net.TCPAddr({ IP: net.ParseIP("127.0.0.1") }));
    const f = await l.File();
    const again = await net.FileListener(f);
    await f.Close();
    await closing(l, again);
  },
  "udp: connected": async ({ net, peers }) => {
    const c = await net.Dial("udp", peers.udp);
    await say(c, "ping");
    await c.Close();
  },
  "udp: not connected": async ({ net }) => {
    const [a, b] = await Promise.all([
      net.ListenPacket("udp", "127.0.0.1:0"),
      net.ListenPacket("udp", "127.0.0.1:0"),
    ]);
    await exchange(a, b, "packet");
    await exchange(b, a, "");
    await closing(a, b);
  },
  "udp: nobody listens": async ({ net, peers }) => {
    const c = await net.Dial("udp", peers.dead);
    await c.Write(utf8("anybody?"));
    await fails(c.Read(new Uint8Array(10)));
    await c.Close();
  },
  "udp: many packets": async ({ net }) => {
    const [a, b] = await Promise.all([
      net.ListenPacket("udp", "127.0.0.1:0"),
      net.ListenPacket("udp", "127.0.0.1:0"),
    ]);
    for (let i = 0; i < 12; i++) await exchange(a, b, `packet ${i}`);
    await closing(a, b);
  },
  "udp: messages": async ({ net }) => {
    const any = new net.UDPAddr({ IP: net.ParseIP("127.0.0.1") });
    const [a, b] = await Promise.all([net.ListenUDP("udp", any), net.ListenUDP("udp", any)]);
    await a.WriteMsgUDP(utf8("msg"), null, b.LocalAddr() as InstanceType<Net["UDPAddr"]>);
    await b.ReadMsgUDP(new Uint8Array(100), new Uint8Array(100));
    await closing(a, b);
  },
  "udp: a group": async ({ net }) => {
    const lo = (await net.Interfaces()).find((i) => i.Name === "lo") ?? null;
    const group = new net.UDPAddr({ IP: net.ParseIP("239.86.0.1") });
    const c = await net.ListenMulticastUDP("udp4", lo, group);
    await c.Close();
  },
  "unix: one line": async ({ net }) => {
    const [a, b] = await unixPair(net, "unix");
    await a.Write(utf8("hello"));
    await read(b, 5);
    await closing(a, b);
  },
  "unix: half closed": async ({ net }) => {
    const [a, b] = await unixPair(net, "unix");
    await a.CloseWrite();
    await drain(b);
    await closing(a, b);
  },
  "unix: a descriptor is passed": async ({ net }) => {
    const [a, b] = await unixPair(net, "unix");
    const f = await a.File();
    await a.WriteMsgUnix(utf8("take it"), net.syscall.UnixRights(f.Fd()), null);
    const oob = new Uint8Array(64);
    const [, oobn] = await b.ReadMsgUnix(new Uint8Array(20), oob);
    for (const m of net.syscall.ParseSocketControlMessage(oob.subarray(0, oobn))) {
      for (const fd of net.syscall.ParseUnixRights(m)) await net.os.NewFile(fd, "passed")?.Close();
    }
    await f.Close();
    await closing(a, b);
  },
  "unix: a file is written and read": async ({ net }) => {
    const [a, b] = await unixPair(net, "unix");
    const f = await a.File();
    await f.Write(utf8("from a file"));
    await read(b, 11);
    await a.Close(); // which reads, too
    await b.Write(utf8("to a file"));
    await f.Read(new Uint8Array(20));
    await closing(f, b);
  },
  "unix: nobody listens": ({ net }) => fails(net.Dial("unix", abstractName())),
  "unix: a listener that keeps its file": async ({ net }) => {
    const l = await net.ListenUnix("unix", new net.UnixAddr({ Name: abstractName(), Net: "unix" }));
    l.SetUnlinkOnClose(false);
    await l.Close();
  },
  "unixpacket: two records": async ({ net }) => {
    const [a, b] = await unixPair(net, "unixpacket");
    await a.Write(utf8("first"));
    await a.Write(utf8("second"));
    await b.Read(new Uint8Array(20));
    await b.Read(new Uint8Array(3));
    await closing(a, b);
  },
  "unixgram: both bound": async ({ net }) => {
    const [a, b] = await Promise.all([
      net.ListenPacket("unixgram", abstractName()),
      net.ListenPacket("unixgram", abstractName()),
    ]);
    await exchange(a, b, "datagram");
    await closing(a, b);
  },
  "unixgram: connected": async ({ net }) => {
    const l = await net.ListenPacket("unixgram", abstractName());
    const c = await net.Dial("unixgram", l.LocalAddr().String());
    await c.Write(utf8("unnamed"));
    await l.ReadFrom(new Uint8Array(20));
    await closing(l, c);
  },
  "ip: raw": async ({ net }) => {
    // Without the privilege the refusal is recorded.
    const c = await net.ListenPacket("ip4:253", "127.86.0.3").catch(() => null);
    if (c === null) return;
    await c.WriteTo(utf8("raw"), c.LocalAddr());
    await c.ReadFrom(new Uint8Array(100));
    await c.Close();
  },
  "ip: an unknown protocol": ({ net }) => fails(net.Dial("ip:no-such-protocol", peerHost)),
  "lookup: host": lookup((net) => net.LookupHost("echo.test")),
  "lookup: localhost": lookup((net) => net.LookupHost("localhost")),
  "lookup: no such host": lookup((net) => net.LookupHost("nobody.test")),
  "lookup: addresses": lookup((net) => net.LookupIP("two.test")),
  "lookup: the name of an address": lookup((net) => net.LookupAddr(peerHost)),
  "lookup: the canonical name": lookup((net) => net.LookupCNAME("echo.test")),
  "lookup: mail": lookup((net) => net.LookupMX("echo.test")),
  "lookup: servers": lookup((net) => net.LookupNS("echo.test")),
  "lookup: services": lookup((net) => net.LookupSRV("http", "tcp", "echo.test")),
  "lookup: text": lookup((net) => net.LookupTXT("echo.test")),
  "lookup: ports": lookup((net) => net.LookupPort("tcp", "https")),
  "lookup: by the client's own resolver": lookup((net) =>
    new net.Resolver({ PreferGo: true, Dial: (network, address) => net.Dial(network, address) }).LookupHost(
      "echo.test",
    ),
  ),
  interfaces: async ({ net }) => {
    const all = await net.Interfaces();
    await net.InterfaceAddrs();
    await Promise.all(all.slice(0, 2).map((i) => i.Addrs()));
    await all[0]?.MulticastAddrs();
  },
  "networks that are none": async ({ net }) => {
    for (const network of ["", "tcp5", "TCP", "tcp\0"]) await fails(net.Dial(network, "127.0.0.1:1"));
  },
  "resume: a link breaks between two lines": echo(async (c, { cut }) => {
    await say(c, "before");
    await cut();
    await say(c, "after");
  }),
  "resume: a link breaks three times": echo(async (c, { cut }) => {
    for (let i = 0; i < 3; i++) {
      const saying = say(c, `line ${i}`);
      await cut();
      await saying;
    }
  }),
  "resume: packets": async ({ net, cut }) => {
    const [a, b] = await Promise.all([
      net.ListenPacket("udp", "127.0.0.1:0"),
      net.ListenPacket("udp", "127.0.0.1:0"),
    ]);
    await exchange(a, b, "before");
    await cut();
    await exchange(b, a, "after");
    await closing(a, b);
  },
  "resume: a dial waits for the new link": async ({ net, peers, cut }) => {
    const [c] = await Promise.all([net.Dial("tcp", peers.tcp), cut()]);
    await say(c, "late");
    await c.Close();
  },
  "resume: a listener": async ({ net, cut }) => {
    const l = await net.Listen("tcp", "127.0.0.1:0");
    await cut();
    const [a, b] = await Promise.all([net.Dial("tcp", l.Addr().String()), l.Accept()]);
    await closing(a, b, l);
  },
};
