// TCP: listeners, connections and how they end.

import type { io, TCPConn, TCPListener } from "../../src/node.js";
import { failure, settled } from "./format.js";
import { inMs, pass, past, type Scenario, sha256, type Transcript, utf8 } from "./scenario.js";

const mebibyte = 1 << 20;

// blockedMs is how long a scenario looks on while a call waits.
const blockedMs = 100;

/** readLater starts a Read of 8 bytes; its outcome is a text. */
async function readLater(t: Transcript, c: TCPConn): Promise<string> {
  return t.countOrOk(c.Read(new Uint8Array(8)));
}

/** echo sends back what comes in, to the end. */
async function echo(t: Transcript, c: TCPConn): Promise<void> {
  await t.net.io.Copy(c, c).catch(() => 0);
}

/** giving is a Reader of b that ends with err, which comes after the bytes. */
function giving(b: Uint8Array, err: Error): io.Reader {
  let at = 0;
  return {
    async Read(into) {
      if (at === b.length) {
        throw err;
      }
      const part = b.subarray(at, at + into.length);
      into.set(part);
      at += part.length;
      return part.length;
    },
  };
}

/** tcpScenarios by name. */
export const tcpScenarios: Readonly<Record<string, Scenario>> = {
  "tcp-listen-used-port": async (t) => {
    const { net } = t;
    const l = await t.listen("srv");
    const address = l.Addr().String();
    await t.error("Listen again", () => net.Listen("tcp", address));
    const laddr = await net.ResolveTCPAddr("tcp4", address);
    await t.error("ListenTCP again", () => net.ListenTCP("tcp4", laddr));
    await t.error("Close", () => l.Close());
    const again: TCPListener[] = [];
    await t.error("Listen after close", async () => {
      again.push(t.later(await net.Listen("tcp", address)));
    });
    for (const listener of again) {
      t.address("addr", listener.Addr());
    }
  },

  "tcp-accept-unblocked-by-close": async (t) => {
    const l = await t.listen("srv");
    const accepted = failure(() => l.Accept()).then((err) => t.text(err));
    await pass(blockedMs);
    await t.error("Close", () => l.Close());
    await t.awaited("Accept", 2000, accepted);
  },

  "tcp-accept-deadline": async (t) => {
    const { net } = t;
    const l = await t.listen("srv");
    const accept = async (): Promise<void> => void t.later(await l.Accept());
    await t.error("SetDeadline past", () => l.SetDeadline(past));
    await t.error("Accept", accept);
    await t.error("SetDeadline +150ms", () => l.SetDeadline(inMs(150)));
    const began = performance.now();
    await t.error("Accept", accept);
    t.since("Accept", began, 140, 1000);
    await t.error("SetDeadline zero", () => l.SetDeadline(null));
    t.later(await net.Dial("tcp", l.Addr().String()));
    await t.error("Accept", accept);
    t.later(await net.Dial("tcp", l.Addr().String()));
    l.SetDeadline(past);
    await t.error("Accept with one waiting and past deadline", accept);
    l.SetDeadline(null);
    await t.error("Accept after clearing", accept);
  },

  "tcp-echo": async (t) => {
    const [c, s] = await t.pair();
    t.address("client local", c.LocalAddr());
    t.address("client remote", c.RemoteAddr());
    t.address("server local", s.LocalAddr());
    t.address("server remote", s.RemoteAddr());
    void echo(t, s);
    await t.write("Write", c, "hello");
    await t.read("Read", c, 5);
    const data = utf8("0123456789abcdef".repeat(mebibyte / 16));
    const back = new Uint8Array(data.length);
    const read = settled(t.net.io.ReadFull(c, back)).then(
      async ({ err }) => `${t.text(err)} same=${(await sha256(back)) === (await sha256(data))}`,
    );
    await t.write("Write 1MiB", c, data);
    await t.awaited("ReadFull", 5000, read);
  },

  "tcp-binary": async (t) => {
    const [c, s] = await t.pair();
    void echo(t, s).then(() => failure(() => s.CloseWrite()));
    const data = new Uint8Array(3_000_000);
    for (let i = 0; i < data.length; i++) {
      data[i] = (Math.imul(i, 1103515245) + 12345) >>> 16;
    }
    const back = (async () => {
      const all = new Uint8Array(data.length);
      const b = new Uint8Array(70_000);
      for (let total = 0; ; ) {
        const { n, err } = await settled(c.Read(b));
        all.set(b.subarray(0, n), total);
        total += n;
        if (err !== null) {
          return `${total} bytes sha256=${await sha256(all.subarray(0, total))} ${t.text(err)}`;
        }
      }
    })();
    const sizes = [1, 2, 3, 1000, 65535, 65536, 65537, 200000];
    for (let at = 0, i = 0; at < data.length; i++) {
      const end = Math.min(at + (sizes[i % sizes.length] as number), data.length);
      await c.Write(data.subarray(at, end));
      at = end;
    }
    await t.error("CloseWrite", () => c.CloseWrite());
    await t.awaited("echo", 10_000, back);
    t.line(`same: sha256=${await sha256(data)}`);
  },

  "tcp-use-after-close": async (t) => {
    const [c] = await t.pair();
    await t.error("Close", () => c.Close());
    await t.error("Close again", () => c.Close());
    await t.read("Read", c, 8);
    await t.write("Write", c, "x");
    await t.error("SetDeadline", () => c.SetDeadline(past));
    await t.error("SetReadDeadline", () => c.SetReadDeadline(null));
    await t.error("SetWriteDeadline", () => c.SetWriteDeadline(null));
    await t.error("CloseRead", () => c.CloseRead());
    await t.error("CloseWrite", () => c.CloseWrite());
    await t.error("SetNoDelay", () => c.SetNoDelay(true));
    await t.error("SetKeepAlive", () => c.SetKeepAlive(true));
    await t.error("SetLinger", () => c.SetLinger(0));
    await t.error("SetReadBuffer", () => c.SetReadBuffer(4096));
    await t.error("SetWriteBuffer", () => c.SetWriteBuffer(4096));
    await t.error("File", () => c.File());
    t.address("LocalAddr", c.LocalAddr());
    t.address("RemoteAddr", c.RemoteAddr());
  },

  "tcp-close-unblocks-read": async (t) => {
    const [c] = await t.pair();
    const read = readLater(t, c);
    await pass(blockedMs);
    await t.error("Close", () => c.Close());
    await t.awaited("Read", 2000, read);
  },

  "tcp-read-deadline": async (t) => {
    const [c, s] = await t.pair();
    await t.error("SetReadDeadline past", () => c.SetReadDeadline(past));
    await t.read("Read", c, 8);
    await t.error("SetReadDeadline +150ms", () => c.SetReadDeadline(inMs(150)));
    let began = performance.now();
    await t.read("Read", c, 8);
    t.since("Read", began, 140, 1000);
    began = performance.now();
    await t.read("Read again", c, 8);
    t.since("Read again", began, 0, 100);
    await t.write("Write", c, "w");
    await t.error("SetReadDeadline zero", () => c.SetReadDeadline(null));
    await s.Write(utf8("late"));
    await t.read("Read", c, 8);
  },

  "tcp-deadline-moved-while-blocked": async (t) => {
    const [c] = await t.pair();
    let began = performance.now();
    c.SetReadDeadline(inMs(150));
    let read = readLater(t, c);
    await pass(50);
    c.SetReadDeadline(inMs(500));
    await t.awaited("Read", 3000, read);
    t.since("Read", began, 450, 1500);
    c.SetReadDeadline(null);
    read = readLater(t, c);
    await pass(blockedMs);
    began = performance.now();
    await t.error("SetReadDeadline past", () => c.SetReadDeadline(past));
    await t.awaited("Read", 3000, read);
    t.since("Read", began, 0, 200);
  },

  "tcp-write-deadline": async (t) => {
    const [c, s] = await t.pair();
    await t.error("SetWriteDeadline past", () => c.SetWriteDeadline(past));
    await t.write("Write", c, "x");
    const data = new Uint8Array(64 * mebibyte);
    for (let i = 0; i < data.length; i++) {
      data[i] = i >> 8;
    }
    c.SetWriteDeadline(inMs(300));
    const { n, err } = await settled(c.Write(data));
    t.line(`Write 64MiB: ${t.text(err)}`);
    t.line(`n partial: ${n > 0 && n < data.length}`);
    c.SetWriteDeadline(null);
    const got = new Uint8Array(n);
    await t.error("server ReadFull n", () => t.net.io.ReadFull(s, got));
    t.line(`same bytes: ${(await sha256(got)) === (await sha256(data.subarray(0, n)))}`);
    await t.write("Write", c, "y");
    await t.read("server Read", s, 8);
  },

  "tcp-half-close": async (t) => {
    const [c, s] = await t.pair();
    await t.write("client Write", c, "req");
    await t.error("client CloseWrite", () => c.CloseWrite());
    await t.readAll("server ReadAll", s);
    await t.read("server Read", s, 8);
    await t.write("server Write", s, "resp");
    await t.error("server Close", () => s.Close());
    await t.readAll("client ReadAll", c);
    await t.read("client Read", c, 8);
    await t.write("client Write", c, "x");
    await t.error("client Close", () => c.Close());
  },

  "tcp-rst-linger0": async (t) => {
    const [c, s] = await t.pair();
    await t.error("SetLinger", () => s.SetLinger(0));
    await t.error("server Close", () => s.Close());
    await pass(blockedMs);
    await t.read("Read", c, 8);
    await t.read("Read", c, 8);
    await t.write("Write", c, "x");
    await t.error("Close", () => c.Close());
  },

  "tcp-readfrom": async (t) => {
    const { io, errors } = t.net;
    const [c, s] = await t.pair();
    const size = 100_000;
    const got = new Uint8Array(size + 3);
    const server = settled(io.ReadFull(s, got)).then(
      ({ err }) => `${t.text(err)} tail=${new TextDecoder().decode(got.subarray(size))}`,
    );
    t.line(`ReadFrom: ${await t.countOrOk(c.ReadFrom(giving(utf8("z".repeat(size)), io.EOF)))}`);
    t.line(`ReadFrom: ${await t.countOrOk(c.ReadFrom(giving(utf8("abc"), errors.New("boom"))))}`);
    await t.awaited("server", 3000, server);
  },
};
