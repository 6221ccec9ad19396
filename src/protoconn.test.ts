// Every method of every TCP type, called once on the real thing. A method that is added and not called here fails.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Joined, overMemory } from "./testing/gateways.js";
import { plainDial } from "./testing/plainpeer.js";
import { tcpPair } from "./testing/tcppair.js";

const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s);
const laterMs = 3_600_000;

let at: Joined;
beforeAll(async () => {
  at = await overMemory();
});
afterAll(() => at.close());

/** publicMembers are the names that an object of a class offers: what Go exports, the symbols, the two streams. */
function publicMembers(c: { readonly prototype: object }): string[] {
  const names = new Set<string>();
  for (let p = c.prototype; p !== Object.prototype; p = Object.getPrototypeOf(p)) {
    for (const key of Reflect.ownKeys(p)) {
      const name = key.toString();
      const isBrand = name.startsWith("Symbol(gonet.");
      if ((/^([A-Z]|readable$|writable$)/.test(name) || typeof key === "symbol") && !isBrand) names.add(name);
    }
  }
  return [...names].sort();
}

/** watched is object, and the names of the members that are asked of it. */
function watched<T extends object>(object: T): [T, Set<string>] {
  const asked = new Set<string>();
  const proxy = new Proxy(object, {
    get(target, key) {
      asked.add(key.toString());
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return [proxy, asked];
}

describe("protocol-specific methods", () => {
  it("of TCPConn all work", async () => {
    const { TCPConn, io } = at.net;
    const [dialled, s] = await tcpPair(at.net);
    const [c, asked] = watched(dialled);

    expect(c.LocalAddr().String()).toBe(s.RemoteAddr()?.String());
    expect(c.RemoteAddr()?.String()).toBe(s.LocalAddr().String());
    c.SetDeadline(Date.now() + laterMs);
    c.SetReadDeadline(new Date(Date.now() + laterMs));
    c.SetWriteDeadline(null);
    await c.SetReadBuffer(64 * 1024);
    await c.SetWriteBuffer(64 * 1024);
    await c.SetNoDelay(false);
    await c.SetKeepAlive(true);
    await c.SetKeepAlivePeriod(30_000);
    await c.SetKeepAliveConfig({ Enable: true, Idle: 10_000, Interval: 5_000, Count: 3 });
    await c.SetLinger(-1);

    expect(await c.Write(utf8("Write"))).toBe(5);
    expect(await c.ReadFrom({ Read: reads("ReadFrom") })).toBe(8);
    const heard = new Uint8Array(13);
    await io.ReadFull(s, heard);
    expect(new TextDecoder().decode(heard)).toBe("WriteReadFrom");

    await s.Write(utf8("Read"));
    expect(await c.Read(new Uint8Array(16))).toBe(4);
    const file = await c.File();
    await file.Close();
    // Both ends of the writing side, each way once.
    expect(c.writable.locked).toBe(false);
    await c.CloseWrite();
    await expect(s.Read(new Uint8Array(1))).rejects.toBe(io.EOF);
    await s.Write(utf8("WriteTo"));
    await s.CloseWrite();
    const written: string[] = [];
    expect(
      await c.WriteTo({ Write: async (b) => written.push(new TextDecoder().decode(b)) && b.length }),
    ).toBe(7);
    expect(written.join("")).toBe("WriteTo");
    for await (const chunk of c) throw new Error(`after the end came ${chunk.length} bytes`);
    expect(c.readable.locked).toBe(false);
    await c.Close();
    await c[Symbol.asyncDispose]();
    await s.Close();

    const [other, far] = await tcpPair(at.net);
    const [d, alsoAsked] = watched(other);
    await d.CloseRead();
    await expect(d.Read(new Uint8Array(1))).rejects.toBe(io.EOF);
    await d.Close();
    await far.Close();

    expect([...new Set([...asked, ...alsoAsked])].sort()).toEqual(publicMembers(TCPConn));
  });

  it("of TCPListener all work", async () => {
    const { TCPListener } = at.net;
    const [l, asked] = watched(await at.net.ListenTCP("tcp4", null));
    const address = l.Addr().String().replace("0.0.0.0", "127.0.0.1");
    l.SetDeadline(Date.now() + laterMs);
    const dials = [1, 2, 3].map(() => plainDial(address));
    await (await l.Accept()).Close();
    await (await l.AcceptTCP()).Close();
    for await (const c of l) {
      await c.Close();
      break;
    }
    const file = await l.File();
    await file.Close();
    for (const socket of await Promise.all(dials)) socket.destroy();
    await l.Close();
    await l[Symbol.asyncDispose]();
    expect([...asked].sort()).toEqual(publicMembers(TCPListener));
  });

  it("of TCPAddr all work", async () => {
    const a = await at.net.ResolveTCPAddr("tcp", "127.0.0.1:80");
    expect(a).toBeInstanceOf(at.net.TCPAddr);
    expect([a.Network(), a.String(), `${a}`]).toEqual(["tcp", "127.0.0.1:80", "127.0.0.1:80"]);
  });
});

/** reads gives the bytes of s, once. */
function reads(s: string): (b: Uint8Array) => Promise<number> {
  let left = utf8(s);
  return async (b) => {
    if (left.length === 0) throw at.net.io.EOF;
    b.set(left);
    const n = left.length;
    left = left.subarray(n);
    return n;
  };
}
