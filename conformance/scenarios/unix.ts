// Unix sockets, and files.

import { execFile } from "node:child_process";
import { lstat, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TCPListener, UnixConn, UnixListener } from "../../src/node.js";
import { readFrom, writeTo } from "./packets.js";
import { type Scenario, type Transcript, utf8 } from "./scenario.js";

/** inFolder runs a scenario with a path of a folder of its own, which is <tmp> in its lines. */
function inFolder(scenario: (t: Transcript, path: (name: string) => string) => Promise<void>): Scenario {
  return async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "gonet-"));
    t.hide(folder, "<tmp>");
    try {
      await scenario(t, (name) => join(folder, name));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

/** one runs what gives something to go on with, logs whether it failed, and gives it. */
async function one<T>(t: Transcript, label: string, make: () => Promise<T>): Promise<T> {
  const made: T[] = [];
  await t.error(label, async () => {
    made.push(await make());
  });
  return made[0] as T;
}

async function ends(t: Transcript, c: UnixConn, s: UnixConn): Promise<void> {
  t.address("client local", c.LocalAddr());
  t.address("client remote", c.RemoteAddr());
  t.address("server local", s.LocalAddr());
  t.address("server remote", s.RemoteAddr());
}

// Hands a file, opened for reading, to whoever listens on a Unix socket.
const donor = `
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
with open(sys.argv[2], "rb") as f:
    socket.send_fds(s, [b"f"], [f.fileno()])
s.recv(1)
`;

/** opened is the file at path, opened by a process of the gateway's machine and given to the gateway. */
async function opened(t: Transcript, path: string, door: string): Promise<number> {
  const { net } = t;
  const l = await net.Listen("unix", door);
  const child = execFile("python3", ["-c", donor, door, path]);
  const c = await l.Accept();
  const oob = new Uint8Array(64);
  const [, oobn] = await c.ReadMsgUnix(new Uint8Array(1), oob);
  const [message] = net.syscall.ParseSocketControlMessage(oob.subarray(0, oobn));
  const [fd = -1] = message === undefined ? [] : net.syscall.ParseUnixRights(message);
  await c.Write(utf8("."));
  await c.Close();
  await l.Close();
  await new Promise((resolve) => child.once("exit", resolve));
  return fd;
}

/** unixScenarios by name. */
export const unixScenarios: Readonly<Record<string, Scenario>> = {
  "unix-stream-path": inFolder(async (t, path) => {
    const { net } = t;
    const l = t.later(await net.Listen("unix", path("s")));
    t.address("Addr", l.Addr());
    t.line(`is socket: ${(await lstat(path("s"))).isSocket()}`);
    const c = await one(t, "Dial", () => net.Dial("unix", path("s")));
    const s = await one(t, "Accept", () => l.Accept());
    await ends(t, c, s);
    await t.write("client Write", c, "hello");
    await t.read("server Read", s, 16);
    await t.write("server Write", s, "hello");
    await t.read("client Read", c, 16);
    await t.error("server Close", () => s.Close());
    await t.read("client Read", c, 16);
    await t.write("client Write", c, "x");
    await t.error("client Close", () => c.Close());
    await t.read("client Read", c, 16);
    await t.error("listener Close", () => l.Close());
    t.line(`file gone: ${!(await exists(path("s")))}`);
    await t.error("Dial", () => net.Dial("unix", path("s")));
  }),

  "unix-abstract": async (t) => {
    const { net } = t;
    const name = `@gonet-test-${process.pid}`;
    t.hide(name, "@NAME");
    const l = t.later(await net.Listen("unix", name));
    t.line(`Addr: ${l.Addr().Network()} ${t.quoted(l.Addr().String())}`);
    const c = t.later(await one(t, "Dial", () => net.Dial("unix", name)));
    const s = t.later(await one(t, "Accept", () => l.Accept()));
    const text = (c: UnixConn): string =>
      `local ${t.quoted(c.LocalAddr().String())} remote ${t.quoted(String(c.RemoteAddr()?.String()))}`;
    t.line(`client ${text(c)}`);
    t.line(`server ${text(s)}`);
    await t.write("Write", c, "hi");
    await t.read("Read", s, 8);
    t.line(`no file: ${!(await exists(name))}`);
    await t.error("Listen again", () => net.Listen("unix", name));
  },

  "unixgram-named": inFolder(async (t, path) => {
    const { net } = t;
    const at = (name: string) => new net.UnixAddr({ Name: path(name), Net: "unixgram" });
    const a = t.later(await net.ListenUnixgram("unixgram", at("a")));
    const b = t.later(await net.ListenUnixgram("unixgram", at("b")));
    t.address("a local", a.LocalAddr());
    t.address("a remote", a.RemoteAddr());
    await writeTo(t, "a WriteTo", a, "one", b.LocalAddr());
    const from = await readFrom(t, "b ReadFrom", b, 16);
    await writeTo(t, "b WriteTo", b, "longer", from);
    await readFrom(t, "a ReadFrom 3", a, 3);
    await t.error("a Close", () => a.Close());
    t.line(`file still there: ${await exists(path("a"))}`);
    await writeTo(t, "b WriteTo closed peer", b, "x", from);
  }),

  unixpacket: inFolder(async (t, path) => {
    const { net } = t;
    const l = t.later(await net.Listen("unixpacket", path("p")));
    t.address("Addr", l.Addr());
    const c = await one(t, "Dial", () => net.Dial("unixpacket", path("p")));
    const s = t.later(await one(t, "Accept", () => l.Accept()));
    await ends(t, c, s);
    await t.write("Write", c, "one");
    await t.write("Write", c, "twotwo");
    await t.write("Write", c, "3");
    await t.read("Read 16", s, 16);
    await t.read("Read 3", s, 3);
    await t.read("Read 16", s, 16);
    await t.error("Close", () => c.Close());
    await t.read("Read", s, 16);
  }),

  "unix-fd-passing": inFolder(async (t, path) => {
    const { net } = t;
    const { syscall } = net;
    const l: UnixListener = t.later(
      await net.ListenUnix("unix", new net.UnixAddr({ Name: path("s"), Net: "unix" })),
    );
    const c = t.later(await net.Dial("unix", path("s")));
    const s = t.later(await l.AcceptUnix());
    await writeFile(path("f"), "from the file");
    const f = net.os.NewFile(await opened(t, path("f"), path("door")), "f");
    if (f === null) throw new TypeError("no file came");
    const oob = syscall.UnixRights(f.Fd());
    const [sent, oobSent] = await c.WriteMsgUnix(utf8("d"), oob, null);
    t.line(`WriteMsgUnix: n=${sent} oobn=${oobSent} ok`);
    await f.Close();
    const b = new Uint8Array(16);
    const o = new Uint8Array(64);
    const [n, oobn, flags, from] = await s.ReadMsgUnix(b, o);
    const what = `data=${t.quoted(b.subarray(0, n))} oobn=${oobn} flags=0x${flags.toString(16)}`;
    t.line(`ReadMsgUnix: n=${n} ${what} addr nil=${from === null} ok`);
    const [message] = syscall.ParseSocketControlMessage(o.subarray(0, oobn));
    const fds = message === undefined ? [] : syscall.ParseUnixRights(message);
    t.line(`fds: ${fds.length}`);
    const g = net.os.NewFile(fds[0] ?? -1, "g");
    if (g !== null) {
      t.line(`content: ${t.quoted(await net.io.ReadAll(g))}`);
      await g.Close();
    }
  }),

  "tcp-file-listener": async (t) => {
    const { net } = t;
    const l = await t.listen("srv");
    const address = l.Addr().String();
    const f = await one(t, "File", () => l.File());
    t.line(`file name: ${f.Name()}`);
    await t.error("Close listener", () => l.Close());
    const c = t.later(await one(t, "Dial", () => net.Dial("tcp", address)));
    const again = t.later((await one(t, "FileListener", () => net.FileListener(f))) as TCPListener);
    t.address("addr", again.Addr());
    const s = t.later(await one(t, "Accept", () => again.Accept()));
    await c.Write(utf8("hi"));
    await t.read("Read", s, 8);
    await t.error("Close file", () => f.Close());
    await t.error("Close listener 2", () => again.Close());
    await t.error("Dial", () => net.Dial("tcp", address));
  },
};
