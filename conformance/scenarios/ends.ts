// How connections and listeners end, seen from both sides.

import type { TCPAddr, TCPConn } from "../../src/node.js";
import { failure, settled } from "./format.js";
import { inMs, pass, past, type Scenario, type Transcript, utf8 } from "./scenario.js";

const hourMs = 3_600_000;
const tooMuch = 64 << 20;

/** blockedWrite writes more than goes in, and logs how it ends once `until` is over. */
async function blockedWrite(t: Transcript, c: TCPConn, until: () => Promise<void>): Promise<void> {
  const writing = settled(c.Write(new Uint8Array(tooMuch)));
  await until();
  const { n, err } = await writing;
  t.line(`Write: ${t.text(err)}`);
  t.line(`partial: ${n > 0 && n < tooMuch}`);
}

/** reader reads the bytes of s and then io.EOF. */
function reader(t: Transcript, s: string) {
  let left = utf8(s);
  return {
    async Read(b: Uint8Array): Promise<number> {
      if (left.length === 0) {
        throw t.net.io.EOF;
      }
      const n = Math.min(b.length, left.length);
      b.set(left.subarray(0, n));
      left = left.subarray(n);
      return n;
    },
  };
}

/** endScenarios by name. */
export const endScenarios: Readonly<Record<string, Scenario>> = {
  "tcp-write-after-peer-closed": async (t) => {
    const [c, s] = await t.pair();
    await t.error("server Close", () => s.Close());
    await pass(50);
    await t.write("Write", c, "x");
    await pass(100);
    await t.write("Write", c, "y");
    await t.read("Read", c, 8);
    await t.error("CloseWrite", () => c.CloseWrite());
    await t.error("CloseRead", () => c.CloseRead());
    await t.error("Close", () => c.Close());
  },

  "tcp-closed-with-data-unread": async (t) => {
    const [c, s] = await t.pair();
    await t.write("Write", c, "never read");
    await pass(50);
    await t.write("server Write", s, "but answered");
    await t.error("server Close", () => s.Close());
    await pass(100);
    await t.read("Read", c, 64);
    await t.read("Read", c, 64);
    await t.read("Read", c, 64);
    await t.write("Write", c, "x");
    await t.error("Close", () => c.Close());
  },

  "tcp-closed-with-data-half-read": async (t) => {
    const [c, s] = await t.pair();
    await t.write("Write", c, "half of this");
    await t.read("server Read", s, 4);
    await t.error("server Close", () => s.Close());
    await pass(100);
    await t.read("Read", c, 64);
    await t.read("Read", c, 64);
  },

  "tcp-data-then-reset": async (t) => {
    const [c, s] = await t.pair();
    await t.write("server Write", s, "last words");
    await t.error("SetLinger", () => s.SetLinger(0));
    await t.error("server Close", () => s.Close());
    await pass(100);
    await t.read("Read", c, 4);
    await t.read("Read", c, 64);
    await t.read("Read", c, 64);
    await t.read("Read", c, 64);
    await t.write("Write", c, "x");
  },

  "tcp-reset-told-to-write": async (t) => {
    const [c, s] = await t.pair();
    await s.SetLinger(0);
    await s.Close();
    await pass(100);
    await t.write("Write", c, "x");
    await t.write("Write", c, "y");
    await t.read("Read", c, 8);
    await t.error("CloseWrite", () => c.CloseWrite());
    await t.error("SetNoDelay", () => c.SetNoDelay(true));
    await t.error("Close", () => c.Close());
  },

  "tcp-reset-while-blocked": async (t) => {
    const [c, s] = await t.pair();
    await blockedWrite(t, c, async () => {
      await pass(100);
      await s.SetLinger(0);
      await s.Close();
    });
    await t.write("Write", c, "x");
  },

  "tcp-close-while-writing": async (t) => {
    const [c] = await t.pair();
    await blockedWrite(t, c, async () => {
      await pass(100);
      await c.Close();
    });
  },

  "tcp-close-read": async (t) => {
    const [c, s] = await t.pair();
    await t.error("CloseRead", () => c.CloseRead());
    await t.read("Read", c, 8);
    await t.write("Write", c, "out");
    await t.read("server Read", s, 8);
    await t.error("CloseRead", () => c.CloseRead());
    await t.error("CloseWrite", () => c.CloseWrite());
    await t.read("server Read", s, 8);
    await t.error("Close", () => c.Close());
  },

  "tcp-close-read-unblocks": async (t) => {
    const [c] = await t.pair();
    const reading = settled(c.Read(new Uint8Array(8)));
    await pass(50);
    await t.error("CloseRead", () => c.CloseRead());
    t.line(`Read: ${t.text((await reading).err)}`);
  },

  "tcp-close-read-keeps-data": async (t) => {
    const [c, s] = await t.pair();
    await t.write("server Write", s, "was there");
    await pass(50);
    await t.error("CloseRead", () => c.CloseRead());
    await t.read("Read", c, 64);
    await t.read("Read", c, 64);
  },

  "tcp-close-write-twice": async (t) => {
    const [c, s] = await t.pair();
    await t.error("CloseWrite", () => c.CloseWrite());
    await t.error("CloseWrite", () => c.CloseWrite());
    await t.write("Write", c, "x");
    await t.read("server Read", s, 8);
    await t.write("server Write", s, "still");
    await t.read("Read", c, 8);
    await t.error("server CloseWrite", () => s.CloseWrite());
    await t.read("Read", c, 8);
    await pass(50);
    await t.error("CloseWrite", () => c.CloseWrite());
    await t.error("server CloseRead", () => s.CloseRead());
  },

  "tcp-empty-calls": async (t) => {
    const [c, s] = await t.pair();
    await t.read("Read", c, 0);
    await t.write("Write", c, "");
    c.SetDeadline(past);
    await t.read("Read late", c, 0);
    await t.write("Write late", c, "");
    c.SetDeadline(null);
    await s.Close();
    await pass(50);
    await t.read("Read at the end", c, 0);
    await c.CloseWrite();
    await t.write("Write after CloseWrite", c, "");
    await c.Close();
    await t.read("Read closed", c, 0);
    await t.write("Write closed", c, "");
  },

  "tcp-options": async (t) => {
    const [c] = await t.pair();
    await t.error("SetKeepAlivePeriod 0", () => c.SetKeepAlivePeriod(0));
    await t.error("SetKeepAlivePeriod -1s", () => c.SetKeepAlivePeriod(-1000));
    await t.error("SetKeepAlivePeriod 1ms", () => c.SetKeepAlivePeriod(1));
    await t.error("SetKeepAlivePeriod 32767s", () => c.SetKeepAlivePeriod(32_767_000));
    await t.error("SetKeepAlivePeriod 32768s", () => c.SetKeepAlivePeriod(32_768_000));
    await t.error("SetKeepAlive", () => c.SetKeepAlive(false));
    await t.error("SetNoDelay", () => c.SetNoDelay(false));
    for (const sec of [-1, 0, 1, 1 << 20]) {
      await t.error("SetLinger", () => c.SetLinger(sec));
    }
    for (const bytes of [0, 1, -1, 1 << 30]) {
      await t.error("SetReadBuffer", () => c.SetReadBuffer(bytes));
      await t.error("SetWriteBuffer", () => c.SetWriteBuffer(bytes));
    }
    await c.SetLinger(-1);
  },

  "tcp-deadlines": async (t) => {
    const [c, s] = await t.pair();
    await s.Write(utf8("there already"));
    await pass(50);
    await t.error("SetDeadline past", () => c.SetDeadline(past));
    await t.read("Read", c, 8);
    await t.write("Write", c, "x");
    await t.error("SetDeadline +1h", () => c.SetDeadline(inMs(hourMs)));
    await t.read("Read", c, 64);
    await t.write("Write", c, "x");
    await t.error("SetWriteDeadline past", () => c.SetWriteDeadline(past));
    await t.error("CloseWrite", () => c.CloseWrite());
    await t.write("Write", c, "x");
    await t.error("SetReadDeadline past", () => c.SetReadDeadline(past));
    await s.Close();
    await pass(50);
    await t.read("Read at the end", c, 8);
    c.SetDeadline(null);
    await t.read("Read at the end", c, 8);
  },

  "tcp-listener-closed": async (t) => {
    const l = await t.listen("srv");
    await t.error("Close", () => l.Close());
    await t.error("Close", () => l.Close());
    await t.error("Accept", () => l.Accept());
    await t.error("AcceptTCP", () => l.AcceptTCP());
    await t.error("SetDeadline", () => l.SetDeadline(past));
    await t.error("File", () => l.File());
    t.address("Addr", l.Addr());
  },

  "tcp-listener-closed-with-one-waiting": async (t) => {
    const l = await t.listen("srv");
    const c = t.later(await t.net.Dial("tcp", l.Addr().String()));
    t.named("cli", c.LocalAddr());
    await pass(50);
    await t.error("Close", () => l.Close());
    await pass(50);
    await t.read("Read", c, 8);
    await t.write("Write", c, "x");
  },

  "tcp-concurrent-accepts": async (t) => {
    const l = await t.listen("srv");
    let over = 0;
    let tell = (): void => {};
    const note = (line: string): void => {
      t.line(`Accept: ${line}`);
      over++;
      tell();
    };
    const accepts = [1, 2, 3, 4, 5].map(async () => {
      note(t.text(await failure(async () => (await l.Accept()).Close())));
    });
    const three = new Promise<void>((resolve) => {
      tell = () => over === 3 && resolve();
    });
    for (let i = 0; i < 3; i++) {
      t.later(await t.net.Dial("tcp", l.Addr().String()));
    }
    await three;
    await l.Close();
    await Promise.all(accepts);
  },

  "tcp-listen-again": async (t) => {
    const { net } = t;
    const l = await t.listen("srv");
    const address = l.Addr().String();
    const [c, s] = await Promise.all([net.Dial("tcp", address), l.Accept()]);
    t.later(c);
    t.later(s);
    await l.Close();
    await t.error("Listen while a connection is open", async () => t.later(await net.Listen("tcp", address)));
    await t.write("Write", c, "still");
    await t.read("Read", s, 8);
    const at = (host: string): string => address.replace("127.0.0.1", host);
    const listen = (network: string, host: string) => async () =>
      t.later(await net.Listen(network, at(host)));
    await t.error("Listen on all", listen("tcp", "0.0.0.0"));
    await t.error("Listen on all of IPv4", listen("tcp4", "0.0.0.0"));
    await t.error("Listen on another", listen("tcp", "127.0.0.2"));
  },

  "tcp-both-families": async (t) => {
    const { net } = t;
    for (const network of ["tcp", "tcp4", "tcp6"]) {
      const l = t.later(await net.Listen(network, ":0"));
      t.named("srv", l.Addr());
      t.address(network, l.Addr());
      const [, port] = net.SplitHostPort(l.Addr().String());
      for (const host of ["127.0.0.1", "::1", "127.0.0.2", "::ffff:127.0.0.1"]) {
        const dialled: TCPConn[] = [];
        const err = await failure(async () =>
          dialled.push(await net.Dial("tcp", net.JoinHostPort(host, port))),
        );
        if (err !== null) {
          t.line(`Dial ${host}: ${t.text(err)}`);
        }
        for (const c of dialled) {
          const s = t.later(await l.Accept());
          t.later(c);
          t.address("client local", c.LocalAddr());
          t.address("client remote", c.RemoteAddr());
          t.address("server local", s.LocalAddr());
          t.address("server remote", s.RemoteAddr());
        }
      }
    }
  },

  "tcp-from-an-address": async (t) => {
    const { net } = t;
    const l = await t.listen("srv");
    const to = l.Addr() as TCPAddr;
    const from = new net.TCPAddr({ IP: net.IPv4(127, 0, 0, 2) });
    const dialled: TCPConn[] = [];
    await t.error("DialTCP", async () => dialled.push(t.later(await net.DialTCP("tcp", from, to))));
    for (const c of dialled) {
      t.named("cli", c.LocalAddr());
      const s = t.later(await l.AcceptTCP());
      t.address("server remote", s.RemoteAddr());
      const same = c.LocalAddr() as TCPAddr;
      await t.error("DialTCP from the same port", () => net.DialTCP("tcp", same, to));
      await t.error("DialTCP from the listener's port", () => net.DialTCP("tcp", to, to));
    }
  },

  "tcp-readfrom-conn": async (t) => {
    const { net } = t;
    const [c, s] = await t.pair();
    const [d, e] = net.Pipe();
    const feeding = e.Write(utf8("through the pipe")).then(() => e.Close());
    await t.count("ReadFrom", c.ReadFrom(d));
    await feeding;
    await t.read("server Read", s, 64);
    await c.Close();
    await t.count("ReadFrom closed", c.ReadFrom(reader(t, "too late")));
    await t.count("ReadFrom nothing closed", c.ReadFrom(reader(t, "")));
    await t.count("Copy from closed", net.io.Copy(s, c));
  },

  "tcp-gone-before-accept": async (t) => {
    const l = await t.listen("srv");
    const c = await t.net.Dial("tcp", l.Addr().String());
    t.named("cli", c.LocalAddr());
    await c.SetLinger(0);
    await c.Close();
    await pass(50);
    const accepted: TCPConn[] = [];
    await t.error("Accept", async () => accepted.push(t.later(await l.AcceptTCP())));
    for (const s of accepted) {
      t.address("remote", s.RemoteAddr());
    }
  },
};
