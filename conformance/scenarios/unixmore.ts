// Unix sockets besides what unix.ts has: every name, address and end, and descriptors; and files.

import { lstat, mkdtemp, rm, unlink, writeFile } from "node:fs/promises";
import type { UDPAddr, UnixAddr, UnixConn } from "../../src/node.js";
import { failure, quote } from "./format.js";
import { dataOf, opened, reads, received, sent, suffix, writes } from "./packetlines.js";
import { inMs, pass, past, type Scenario, type Transcript, utf8 } from "./scenario.js";

type Path = (name: string) => string;

const one = utf8("x");
const none = new Uint8Array(0);
const ten = utf8("0123456789");
const soonMs = 50;
const mebibyte = 1 << 20;

/** inFolder runs a scenario with the paths of a folder of its own, which is <tmp> in its lines. Paths have to be short. */
function inFolder(scenario: (t: Transcript, path: Path) => Promise<void>): Scenario {
  return async (t) => {
    const folder = await mkdtemp("/tmp/gn");
    t.hide(folder, "<tmp>");
    try {
      await scenario(t, (name) => `${folder}/${name}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

function unixAddr(t: Transcript, network: string, name: string): UnixAddr {
  return new t.net.UnixAddr({ Name: name, Net: network });
}

/** unixPair is two connected ends of a listener at path, the dialled one first. */
async function unixPair(t: Transcript, network: string, path: string): Promise<[UnixConn, UnixConn]> {
  const at = unixAddr(t, network, path);
  const l = await t.net.ListenUnix(network, at);
  const [c, s] = await Promise.all([t.net.DialUnix(network, null, at), l.AcceptUnix()]);
  await l.Close();
  return [t.later(c), t.later(s)];
}

async function unixgram(t: Transcript, path: string): Promise<UnixConn> {
  return t.later(await t.net.ListenUnixgram("unixgram", unixAddr(t, "unixgram", path)));
}

/** receives is ReadMsgUnix with buffers of these sizes; it gives the ancillary data. */
async function receives(
  t: Transcript,
  label: string,
  c: UnixConn,
  size: number,
  oobSize: number,
): Promise<Uint8Array> {
  const b = new Uint8Array(size);
  const oob = new Uint8Array(oobSize);
  const got = await received(t, label, b, c.ReadMsgUnix(b, oob));
  return oob.subarray(0, got?.[1] ?? 0);
}

/** sends is WriteMsgUnix. */
async function sends(
  t: Transcript,
  label: string,
  c: UnixConn,
  b: Uint8Array,
  oob: Uint8Array | null,
  to: UnixAddr | null = null,
): Promise<void> {
  await sent(t, label, c.WriteMsgUnix(b, oob, to));
}

/** rights logs what descriptors ancillary data has, and closes them. */
async function rights(t: Transcript, label: string, oob: Uint8Array): Promise<void> {
  const { syscall, os } = t.net;
  let messages: ReturnType<typeof syscall.ParseSocketControlMessage>;
  try {
    messages = syscall.ParseSocketControlMessage(oob);
  } catch (err) {
    t.line(`${label}: ${(err as Error).message}`);
    return;
  }
  for (const message of messages) {
    const fds = syscall.ParseUnixRights(message);
    t.line(`${label}: ${fds.length} fds <nil>`);
    for (const fd of fds) {
      await os.NewFile(fd, "")?.Close();
    }
  }
}

/** duplicates are numbers of files that are duplicates of c. */
async function duplicates(t: Transcript, c: UnixConn, count: number): Promise<number[]> {
  const numbers: number[] = [];
  for (let i = 0; i < count; i++) {
    numbers.push(t.later(await c.File()).Fd());
  }
  return numbers;
}

/** unixMoreScenarios by name. */
export const unixMoreScenarios: Readonly<Record<string, Scenario>> = {
  "unix-use-after-close": inFolder(async (t, path) => {
    const { net } = t;
    const [c] = await unixPair(t, "unix", path("s"));
    const [p] = await unixPair(t, "unixpacket", path("p"));
    const g = await unixgram(t, path("g"));
    for (const [name, each] of Object.entries({ unix: c, unixpacket: p, unixgram: g })) {
      t.line(name);
      const to = unixAddr(t, name, path("nobody"));
      await t.error("Close", () => each.Close());
      await t.error("Close", () => each.Close());
      await t.read("Read", each, 8);
      await t.read("Read 0", each, 0);
      await reads(t, "ReadFrom", each, 8);
      await receives(t, "ReadMsgUnix", each, 8, 8);
      await t.write("Write", each, "x");
      await writes(t, "WriteTo", each, one, to);
      await writes(t, "WriteTo another network", each, one, unixAddr(t, "", path("nobody")));
      await sends(t, "WriteMsgUnix", each, one, null);
      await t.error("SetDeadline", () => each.SetDeadline(past));
      await t.error("SetReadDeadline", () => each.SetReadDeadline(null));
      await t.error("SetWriteDeadline", () => each.SetWriteDeadline(null));
      await t.error("SetReadBuffer", () => each.SetReadBuffer(4096));
      await t.error("CloseRead", () => each.CloseRead());
      await t.error("CloseWrite", () => each.CloseWrite());
      await t.error("File", () => each.File());
      t.address("LocalAddr", each.LocalAddr());
      t.address("RemoteAddr", each.RemoteAddr());
    }
    const l = await net.ListenUnix("unix", unixAddr(t, "unix", path("l")));
    await t.error("Close", () => l.Close());
    await t.error("Close", () => l.Close());
    await t.error("Accept", () => l.Accept());
    await t.error("AcceptUnix", () => l.AcceptUnix());
    await t.error("SetDeadline", () => l.SetDeadline(past));
    await t.error("File", () => l.File());
    t.address("Addr", l.Addr());
  }),

  "unix-paths": inFolder(async (t, path) => {
    const { net } = t;
    for (const [i, length] of [107, 108, 109, 200].entries()) {
      const name = path("").padEnd(length, "abcd"[i]);
      t.hide(name.replace(/.*\//, ""), `<${length} bytes>`);
      const l = await net.Listen("unix", name).catch((err: Error) => err);
      await t.error(`Listen ${length}`, () => thrown(l));
      const c = await net.Dial("unix", name).catch((err: Error) => err);
      await t.error(`Dial ${length}`, () => thrown(c));
      if (!(l instanceof Error)) {
        if (!(c instanceof Error)) await c.Close();
        t.address("Addr", l.Addr());
        await l.Close();
      }
      const g = await net.ListenPacket("unixgram", name).catch((err: Error) => err);
      await t.error(`ListenPacket ${length}`, () => thrown(g));
      if (!(g instanceof Error)) await g.Close();
    }
    const abstract = `@${"z".repeat(107)}`;
    t.hide(abstract, "<abstract>");
    const l = await net.Listen("unix", abstract);
    await t.error("Listen abstract 108", () => null);
    const c = await net.Dial("unix", abstract);
    await t.error("Dial abstract 108", () => null);
    t.address("Addr", l.Addr());
    t.address("RemoteAddr", c.RemoteAddr());
    await c.Close();
    await l.Close();
    await t.error("Listen abstract 109", () => net.Listen("unix", `${abstract}z`));

    await writeFile(path("file"), "");
    const networks = ["unix", "unixgram", "unixpacket"];
    const wrong = [path("nobody"), path("file"), path("no/such/folder"), path("file/x"), "/", ""];
    for (const network of networks) {
      for (const name of wrong) {
        await opened(t, `Dial ${network} ${name}`, () => net.Dial(network, name) as Promise<UnixConn>);
      }
    }
    for (const name of [path("file"), path("no/such/folder"), path("file/x"), "/", "/nosuchfolder/x"]) {
      await t.error(`Listen ${name}`, () => net.Listen("unix", name));
      await t.error(`ListenPacket ${name}`, () => net.ListenPacket("unixgram", name));
    }
    t.later(await net.Listen("unix", path("s")));
    t.later(await net.Listen("unixpacket", path("p")));
    await unixgram(t, path("g"));
    for (const network of networks) {
      for (const name of ["s", "p", "g"]) {
        const make = () => net.Dial(network, path(name)) as Promise<UnixConn>;
        await opened(t, `Dial ${network} ${name}`, make);
      }
    }
    await t.error("Listen again", () => net.Listen("unix", path("s")));
    await t.error("Listen again, unixpacket", () => net.Listen("unixpacket", path("s")));
  }),

  "unix-whom": inFolder(async (t, path) => {
    const { net } = t;
    const text = (a: UnixAddr | null) => (a === null ? "<nil>" : a.String());
    const dial = (network: string, laddr: UnixAddr | null, raddr: UnixAddr | null): Promise<UnixConn> => {
      const label = `DialUnix ${network} ${text(laddr)} ${text(raddr)}`;
      return opened(t, label, () => net.DialUnix(network, laddr, raddr)) as Promise<UnixConn>;
    };
    const gramAddr = (name: string) => unixAddr(t, "unixgram", name);
    t.later(await net.Listen("unix", path("l")));
    const at = unixAddr(t, "unix", path("l"));
    await dial("unix", null, at);
    await dial("unix", null, null);
    await dial("unix", at, null);
    await dial("unix", unixAddr(t, "unix", path("from")), at);
    await dial("unix", unixAddr(t, "unix", path("from")), at);
    await dial("unix", null, gramAddr(path("l")));
    await dial("unix", null, unixAddr(t, "", path("l")));
    await dial("udp", null, at);
    await dial("", null, at);
    const g = await unixgram(t, path("g"));
    const to = gramAddr(path("g"));
    await dial("unixgram", null, null);
    const unnamed = await dial("unixgram", null, to);
    const bound = await dial("unixgram", gramAddr(path("b")), null);
    const both = await dial("unixgram", gramAddr(path("c")), to);
    await unnamed.Write(utf8("from nobody"));
    await reads(t, "ReadFrom", g, 64);
    await writes(t, "bound WriteTo", bound, utf8("from b"), to);
    await reads(t, "ReadFrom", g, 64);
    await t.write("both Write", both, "from c");
    await reads(t, "ReadFrom", g, 64);
    await t.write("bound Write", bound, "x");
    await writes(t, "unnamed WriteTo", unnamed, one, to);
    await writes(t, "bound WriteTo another network", bound, one, unixAddr(t, "unix", path("g")));
    const udp: UDPAddr = new net.UDPAddr({ IP: net.ParseIP("127.0.0.1"), Port: 9 });
    await writes(t, "bound WriteTo UDPAddr", bound, one, udp);
    await writes(t, "bound WriteTo nobody", bound, one, gramAddr(path("nobody")));
    await writes(t, "bound WriteTo a stream", bound, one, gramAddr(path("l")));
    await writes(t, "bound WriteTo no name", bound, one, gramAddr(""));
    await writes(t, "bound WriteTo a long name", bound, one, gramAddr("l".repeat(150)));
    await t.count("bound WriteToUnix nil", bound.WriteToUnix(one, null));
    await sends(t, "bound WriteMsgUnix nil", bound, one, null);
    await sends(t, "bound WriteMsgUnix", bound, utf8("message"), null, to);
    await receives(t, "ReadMsgUnix", g, 64, 64);
    await sends(t, "unnamed WriteMsgUnix", unnamed, utf8("message"), null);
    await sends(t, "unnamed WriteMsgUnix to", unnamed, one, null, to);
    await t.error("CloseWrite", () => unnamed.CloseWrite());
    await t.write("Write", unnamed, "x");
    await t.error("CloseRead", () => g.CloseRead());
    await t.write("both Write", both, "x");
    g.SetReadDeadline(inMs(soonMs));
    await t.read("Read", g, 8);
    const [c, s] = await unixPair(t, "unix", path("s"));
    await writes(t, "stream WriteTo", c, one, at);
    await writes(t, "accepted WriteTo", s, one, at);
    await sends(t, "stream WriteMsgUnix to", c, one, null, at);
    await t.write("Write", s, "to the client");
    await reads(t, "ReadFrom", c, 4);
    await receives(t, "ReadMsgUnix", c, 4, 0);
    await t.write("Write", c, "to the server");
    await reads(t, "server ReadFrom", s, 4);
    await receives(t, "server ReadMsgUnix", s, 4, 0);
    await t.error("ListenUnix unixgram", () => net.ListenUnix("unixgram", gramAddr(path("x"))));
    await t.error("ListenUnix nil", () => net.ListenUnix("unix", null));
    await t.error("ListenUnixgram unix", () => net.ListenUnixgram("unix", unixAddr(t, "unix", path("x"))));
    await t.error("ListenUnixgram nil", () => net.ListenUnixgram("unixgram", null));
    await t.error("ResolveUnixAddr", () => net.ResolveUnixAddr("unix5", path("x")));
  }),

  "unix-names-by-the-kernel": async (t) => {
    const { net } = t;
    for (const name of ["", "@"]) {
      const l = await net.Listen("unix", name).catch((err: Error) => err);
      await t.error(`Listen ${quote(name)}`, () => thrown(l));
      if (l instanceof Error) continue;
      t.line(`kernel's name: ${/^@.{5}$/.test(l.Addr().String())}`);
      const c = await net.Dial("unix", l.Addr().String());
      await t.error("Dial", () => null);
      const s = await l.Accept();
      await t.error("Accept", () => null);
      const name2 = l.Addr().String();
      t.line(`same: ${c.RemoteAddr()?.String() === name2} ${s.LocalAddr().String() === name2}`);
      for (const open of [c, s, l]) await open.Close();
    }
    const g = await net.ListenPacket("unixgram", "").catch((err: Error) => err);
    await t.error("ListenPacket", () => thrown(g));
    if (!(g instanceof Error)) {
      t.line(`kernel's name: ${g.LocalAddr().String().length === 6}`);
      await g.Close();
    }
  },

  "unix-abstract-names": async (t) => {
    const { net } = t;
    const name = `@gonet-scenario-${process.pid}`;
    t.hide(name.slice(1), "NAME");
    const gram = (end: string) => unixAddr(t, "unixgram", `${name}${end}`);
    const record = (end: string) => unixAddr(t, "unixpacket", `${name}${end}`);
    const a = await unixgram(t, `${name}a`);
    const b = await unixgram(t, `${name}b`);
    t.address("LocalAddr", a.LocalAddr());
    await writes(t, "WriteTo", a, utf8("one"), b.LocalAddr());
    const from = await reads(t, "ReadFrom", b, 16);
    if (from !== null) await writes(t, "WriteTo", b, utf8("two"), from);
    await receives(t, "ReadMsgUnix", a, 16, 16);
    const c = await opened(t, "DialUnix", () => net.DialUnix("unixgram", gram("c"), gram("b")));
    if (c === null) return;
    await t.write("Write", c, "three");
    await reads(t, "ReadFrom", b, 16);
    await writes(t, "WriteTo nobody", a, one, gram("nobody"));
    await t.error("Dial nobody", () => net.Dial("unix", `${name}nobody`));
    await t.error("Dial another kind", () => net.Dial("unixpacket", `${name}b`));
    await b.Close();
    await t.write("Write to a closed one", c, "x");
    await t.write("Write to a closed one", c, "x");
    const l = await net.Listen("unixpacket", name);
    await t.error("Listen", () => null);
    await opened(t, "DialUnix", () => net.DialUnix("unixpacket", record("d"), record("")));
    await opened(t, "Accept", () => l.Accept());
    const f = await l.File();
    t.line(`Name: ${f.Name()}`);
    await t.error("Close", () => l.Close());
    await t.error("FileListener", async () => t.later(await net.FileListener(f)));
    await f.Close();
    await opened(t, "Dial", () => net.Dial("unixpacket", name));
    for (const odd of [`${name}\0odd`, `${name}\u00e4`, `@/${name.slice(1)}`, `@ ${name.slice(1)}`]) {
      const strange = await net.Listen("unix", odd);
      await t.error(`Listen ${quote(odd)}`, () => null);
      t.address("Addr", strange.Addr());
      await opened(t, "Dial", () => net.Dial("unix", odd));
      await strange.Close();
    }
  },

  "unix-listener": inFolder(async (t, path) => {
    const { net } = t;
    const exists = (name: string) =>
      lstat(path(name)).then(
        () => true,
        () => false,
      );
    let l = await net.ListenUnix("unix", unixAddr(t, "unix", path("l")));
    await t.error("SetDeadline", () => l.SetDeadline(past));
    await t.error("Accept", () => l.Accept());
    l.SetDeadline(inMs(soonMs));
    await t.error("AcceptUnix", () => l.AcceptUnix());
    l.SetDeadline(null);
    const accepting = failure(() => l.Accept());
    await pass(soonMs);
    await t.error("Close", () => l.Close());
    t.line(`Accept: ${t.text(await accepting)}`);
    t.line(`file: ${await exists("l")}`);
    l = await net.ListenUnix("unix", unixAddr(t, "unix", path("k")));
    l.SetUnlinkOnClose(false);
    await l.Close();
    t.line(`file: ${await exists("k")}`);
    await t.error("Dial", () => net.Dial("unix", path("k")));
    await t.error("Listen", () => net.Listen("unix", path("k")));
    l = await net.ListenUnix("unixpacket", unixAddr(t, "unixpacket", path("f")));
    const f = await l.File();
    await t.error("File", () => null);
    t.line(`Name: ${f.Name()}`);
    const again = await net.FileListener(f);
    await t.error("FileListener", () => null);
    t.address("Addr", again.Addr());
    await f.Close();
    const c = (await opened(t, "Dial", () => net.Dial("unixpacket", path("f")))) as UnixConn;
    const s = (await opened(t, "Accept", () => again.Accept() as Promise<UnixConn>)) as UnixConn;
    await t.error("Close", () => again.Close());
    t.line(`file: ${await exists("f")}`);
    await t.error("Close", () => l.Close());
    t.line(`file: ${await exists("f")}`);
    const sf = await s.File();
    t.line(`Name: ${sf.Name()}`);
    const g = (await opened(t, "FileConn", () => net.FileConn(sf))) as UnixConn;
    await t.error("FilePacketConn", async () => t.later(await net.FilePacketConn(sf)));
    t.line(`FileListener: ${(await failure(async () => t.later(await net.FileListener(sf)))) !== null}`);
    await sf.Close();
    await t.write("Write", g, "through a file");
    await t.read("Read", c, 64);
  }),

  "unix-ends": inFolder(async (t, path) => {
    for (const network of ["unix", "unixpacket"]) {
      t.line(network);
      let [c, s] = await unixPair(t, network, path(`${network}1`));
      await t.write("Write", c, "first");
      await t.error("CloseWrite", () => c.CloseWrite());
      await t.error("CloseWrite", () => c.CloseWrite());
      await t.read("server Read", s, 64);
      await t.read("server Read", s, 64);
      await reads(t, "server ReadFrom", s, 64);
      await receives(t, "server ReadMsgUnix", s, 64, 0);
      await t.write("server Write", s, "still");
      await t.read("Read", c, 64);
      await t.write("Write", c, "x");
      await t.error("server Close", () => s.Close());
      await t.read("Read", c, 64);
      await t.error("Close", () => c.Close());

      [c, s] = await unixPair(t, network, path(`${network}2`));
      await t.write("Write", c, "never read");
      await t.error("server Close", () => s.Close());
      await pass(soonMs);
      await t.read("Read", c, 64);
      await t.read("Read", c, 64);
      await t.write("Write", c, "x");
      await t.write("Write", c, "x");

      [c, s] = await unixPair(t, network, path(`${network}3`));
      await t.error("CloseRead", () => c.CloseRead());
      await t.read("Read", c, 64);
      await pass(soonMs);
      await t.write("server Write", s, "x");
      await t.write("Write", c, "the other way");
      await t.read("server Read", s, 64);
      await t.error("Close", () => c.Close());
      await t.read("server Read", s, 64);

      [c, s] = await unixPair(t, network, path(`${network}4`));
      await t.write("server Write", s, "there already");
      await t.error("server Close", () => s.Close());
      await pass(soonMs);
      await t.write("Write", c, "x");
      await t.read("Read", c, 64);
      await t.read("Read", c, 64);

      [c, s] = await unixPair(t, network, path(`${network}5`));
      await t.error("SetDeadline", () => c.SetDeadline(past));
      await t.read("Read", c, 8);
      await reads(t, "ReadFrom", c, 8);
      await receives(t, "ReadMsgUnix", c, 8, 8);
      await t.write("Write", c, "x");
      await sends(t, "WriteMsgUnix", c, one, null);
      c.SetDeadline(null);
      await t.read("Read 0", c, 0);
      await t.write("Write 0", c, "");
      const reading = t.read("Read", c, 8);
      await pass(soonMs);
      const closing = failure(() => c.Close());
      await reading;
      t.line(`Close: ${t.text(await closing)}`);
      await t.read("server Read", s, 8);
    }
  }),

  "unixpacket-records": inFolder(async (t, path) => {
    const [c, s] = await unixPair(t, "unixpacket", path("p"));
    const at = unixAddr(t, "unixpacket", path("p"));
    for (const size of [1, 4096, 65536, 200000]) {
      await t.error(`Write ${size}`, () => c.Write(new Uint8Array(size)));
      await t.count("Read", s.Read(new Uint8Array(300000)));
    }
    await t.count("Write 10 MiB", c.Write(new Uint8Array(10 * mebibyte)));
    for (let i = 0; i < 3; i++) await t.write("Write", c, ten);
    await receives(t, "ReadMsgUnix 4", s, 4, 0);
    await reads(t, "ReadFrom 4", s, 4);
    await receives(t, "ReadMsgUnix 16", s, 16, 16);
    await t.write("Write empty", c, "");
    await t.write("Write after it", c, "after an empty one");
    await t.read("Read", s, 64);
    await t.read("Read", s, 64);
    await writes(t, "WriteTo", c, one, at);
    await sends(t, "WriteMsgUnix to", c, one, null, at);
    await sends(t, "WriteMsgUnix", c, utf8("message"), null);
    await receives(t, "ReadMsgUnix", s, 64, 64);
  }),

  "unixgram-packets": inFolder(async (t, path) => {
    const { net } = t;
    const a = await unixgram(t, path("a"));
    const b = await unixgram(t, path("b"));
    const to = b.LocalAddr();
    for (const size of [0, 1, 65536, 200000]) {
      await t.error(`WriteTo ${size}`, () => a.WriteTo(new Uint8Array(size), to));
      const [n, from] = await b.ReadFrom(new Uint8Array(300000));
      t.line(`ReadFrom: n=${n} addr=${t.fullAddress(from)}`);
    }
    await t.count("WriteTo 10 MiB", a.WriteTo(new Uint8Array(10 * mebibyte), to));
    for (let i = 0; i < 3; i++) await a.WriteTo(ten, to);
    await receives(t, "ReadMsgUnix 4", b, 4, 0);
    await t.read("Read 4", b, 4);
    await reads(t, "ReadFrom 0", b, 0);
    a.SetWriteDeadline(inMs(100));
    let full = 0;
    let err: unknown = null;
    for (; full < 1000 && err === null; full++) {
      err = await failure(() => a.WriteTo(utf8("until it is full"), to));
    }
    t.line(`full after some: ${full > 1}`);
    t.line(`WriteTo: ${t.text(err)}`);
    a.SetWriteDeadline(null);
    await reads(t, "ReadFrom", b, 64);
    await writes(t, "WriteTo", a, utf8("there is room"), to);
    b.SetReadDeadline(past);
    await reads(t, "ReadFrom late", b, 64);
    await b.Close();
    await writes(t, "WriteTo closed", a, one, to);
    await unlink(path("b"));
    await writes(t, "WriteTo removed", a, one, to);
    const c = await unixgram(t, path("c"));
    const at = unixAddr(t, "unixgram", path("c"));
    const d = (await opened(t, "DialUnix", () => net.DialUnix("unixgram", null, at))) as UnixConn;
    await c.Close();
    await t.write("Write closed", d, "x");
    await t.write("Write closed", d, "x");
    d.SetReadDeadline(inMs(soonMs));
    await t.read("Read", d, 8);
  }),

  "unix-rights": inFolder(async (t, path) => {
    const { syscall } = t.net;
    const [c, s] = await unixPair(t, "unix", path("s"));
    const three = syscall.UnixRights(...(await duplicates(t, c, 3)));
    const alone = syscall.UnixRights(...(await duplicates(t, c, 1)));
    t.line(`UnixRights: ${three.length} ${alone.length} ${syscall.UnixRights().length}`);
    for (const size of [0, 8, 15, 16, 19, 20, 23, 24, 25, 27, 28, 31, 32, 64]) {
      await sends(t, "WriteMsgUnix", c, utf8("three"), three);
      await rights(t, "rights", await receives(t, `ReadMsgUnix oob ${size}`, s, 16, size));
    }
    await sends(t, "WriteMsgUnix", c, utf8("first"), alone);
    await t.write("Write", c, "second");
    await sends(t, "WriteMsgUnix", c, utf8("third"), alone);
    await sends(t, "WriteMsgUnix", c, utf8("fourth"), three);
    for (let i = 0; i < 3; i++) await rights(t, "rights", await receives(t, "ReadMsgUnix", s, 64, 64));
    await t.write("Write", c, "plain");
    await sends(t, "WriteMsgUnix", c, utf8("with"), alone);
    await pass(soonMs);
    await t.read("Read", s, 64);
    await sends(t, "WriteMsgUnix", c, ten, alone);
    await rights(t, "rights", await receives(t, "ReadMsgUnix 4", s, 4, 64));
    await rights(t, "rights", await receives(t, "ReadMsgUnix 4", s, 4, 64));
    await t.read("Read", s, 64);
    await sends(t, "WriteMsgUnix 0 bytes", c, none, alone);
    await rights(t, "rights", await receives(t, "ReadMsgUnix", s, 8, 64));
    await sends(t, "WriteMsgUnix 0 bytes", c, none, alone);
    await rights(t, "rights", await receives(t, "ReadMsgUnix 0 bytes", s, 0, 64));
    await sends(t, "WriteMsgUnix nothing", c, none, null);
    await sends(t, "no file", c, one, syscall.UnixRights(999999));
    await sends(t, "below 0", c, one, syscall.UnixRights(-1));
    await sends(t, "too short", c, utf8("short"), Uint8Array.of(1, 2, 3));
    await receives(t, "ReadMsgUnix", s, 64, 64);
    const broken = alone.slice();
    broken[0] = 255;
    await sends(t, "too long a length", c, one, broken);
    broken[0] = 3;
    await sends(t, "too short a length", c, one, broken);
    await sends(t, "two messages", c, utf8("two"), Uint8Array.of(...alone, ...three));
    await rights(t, "rights", await receives(t, "ReadMsgUnix", s, 64, 64));
    await t.error("ParseUnixRights of nothing", () =>
      syscall.ParseSocketControlMessage(Uint8Array.of(1, 2, 3)),
    );
    const [many = -1] = await duplicates(t, c, 1);
    const numbers = new Array<number>(254).fill(many);
    await sends(t, "254 files", c, one, syscall.UnixRights(...numbers));
    await sends(t, "253 files", c, one, syscall.UnixRights(...numbers.slice(1)));
    await rights(t, "rights", await receives(t, "ReadMsgUnix", s, 64, 2048));

    for (const network of ["unixgram", "unixpacket"]) {
      t.line(network);
      const isGram = network === "unixgram";
      const [a, b] = isGram
        ? [await unixgram(t, path("a")), await unixgram(t, path("b"))]
        : await unixPair(t, network, path("p"));
      const to = isGram ? (b.LocalAddr() as UnixAddr) : null;
      const datagram = utf8("datagram");
      await sends(t, "WriteMsgUnix", a, datagram, alone, to);
      await rights(t, "rights", await receives(t, "ReadMsgUnix 4", b, 4, 64));
      await sends(t, "WriteMsgUnix", a, datagram, three, to);
      await rights(t, "rights", await receives(t, "ReadMsgUnix oob 20", b, 64, 20));
      await sends(t, "WriteMsgUnix", a, datagram, three, to);
      await receives(t, "ReadMsgUnix oob 0", b, 64, 0);
      await sends(t, "WriteMsgUnix", a, datagram, alone, to);
      await t.read("Read", b, 64);
      await sends(t, "WriteMsgUnix 0 bytes", a, none, alone, to);
      await rights(t, "rights", await receives(t, "ReadMsgUnix", b, 64, 64));
    }
  }),

  files: async (t) => {
    const { net } = t;
    const [c, s] = await t.pair();
    const f = await c.File();
    t.line(`Name: ${f.Name()}`);
    await t.count("Write", f.Write(utf8("from the file")));
    await t.read("server Read", s, 64);
    await t.error("Close", () => c.Close());
    await t.count("Write", f.Write(utf8("still")));
    await t.read("server Read", s, 64);
    await t.write("Write", s, "to the file");
    const b = new Uint8Array(64);
    const n = await f.Read(b);
    t.line(`Read: ${dataOf(t, b.subarray(0, n))}`);
    const again = await opened(t, "FileConn", () => net.FileConn(f));
    await t.error("FilePacketConn", () => net.FilePacketConn(f));
    await t.error("Close", () => f.Close());
    const said = async (act: () => Promise<unknown>) => ((await failure(act)) as Error).message;
    t.line(`Close: ${await said(() => f.Close())}`);
    t.line(`Read: ${await said(() => f.Read(b))}`);
    t.line(`Write: ${await said(() => f.Write(b))}`);
    await t.error("FileConn", () => net.FileConn(f));
    await t.error("FileListener", () => net.FileListener(f));
    await t.error("FilePacketConn", () => net.FilePacketConn(f));
    await again?.Close();
    const all: Uint8Array[] = [];
    const err = await failure(async () => all.push(await net.io.ReadAll(s)));
    t.line(`server ReadAll: ${all[0]?.length ?? 0}${suffix(t, err)}`);
    t.line(`NewFile -1: ${net.os.NewFile(-1, "none") === null}`);
  },
};

/** thrown throws v if it is an error. */
function thrown(v: unknown): void {
  if (v instanceof Error) throw v;
}
