import { describe, expect, test } from "vitest";
import { liveSockets } from "../native/index.js";
import type { SockAddr } from "../src/wire/sockaddr.js";
import { sorted, source } from "./addrselect.js";
import { parseIP } from "./iptext.js";

const ip = (text: string) => parseIP(text) as SockAddr;

describe("source", () => {
  test("is the address that this machine would send from", () => {
    expect(source([4, Uint8Array.of(127, 0, 0, 1), 0])?.[1]).toEqual(Uint8Array.of(127, 0, 0, 1));
    expect(source(ip("127.0.0.1"))?.[0]).toBe(4); // IPv4 in 16 bytes is IPv4
    expect(liveSockets()).toBe(0);
  });

  test("is nothing for what cannot be reached", () => {
    expect(source(ip("::ffff:255.255.255.255"))).toBe(null); // a broadcast, without leave to send one
    expect(source([1, new Uint8Array()])).toBe(null);
    expect(liveSockets()).toBe(0);
  });
});

describe("sorted", () => {
  test("gives others a turn while it looks at thousands", async () => {
    const many = Array.from(
      { length: 4000 },
      (_, i): SockAddr => [4, Uint8Array.of(127, 0, i >> 8, i & 0xff), 0],
    );
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    expect((await sorted(many)).length).toBe(many.length);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(10);
    expect(liveSockets()).toBe(0);
  });

  test("leaves one or none alone", async () => {
    const one = [ip("192.0.2.1")];
    expect(await sorted(one)).toBe(one);
    expect(await sorted([])).toEqual([]);
  });
});
