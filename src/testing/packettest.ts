// The packet suite: what any two PacketConns must do that can send to each other, whatever lies between them. Nothing here
// knows a test runner or Node, so the same checks run in a page; nettest-vitest.ts makes vitest tests of them.

import type { Addr, NetError, PacketConn } from "../net.js";
import {
  aLongTimeAgo,
  type Check,
  check,
  equal,
  failure,
  isTimeout,
  type Made,
  noise,
  ok,
  pass,
} from "./checking.js";

/** Packets is a PacketConn of which ReadFrom can be given up. */
export interface Packets extends PacketConn {
  ReadFrom(b: Uint8Array, signal?: AbortSignal): Promise<[n: number, addr: Addr | null]>;
}

/** PacketPair is two sockets, each of which has an address that the other one can send to. */
export interface PacketPair extends Made {
  readonly c1: Packets;
  readonly c2: Packets;
  /** maxBytes is how long a packet can be; one of one byte more is refused. */
  readonly maxBytes: number;
  /** headerBytes is how much more than the packet a buffer must have room for: the header of raw IPv4. */
  readonly headerBytes: number;
  /** foreign is an address of another kind of network. */
  readonly foreign: Addr;
}

/** MakePackets makes a fresh pair for one check. */
export type MakePackets = () => Promise<PacketPair>;

const smallBytes = 64;
const presentMs = 50;
const racyDeadlineMs = 1;
const racers = 10;
const racerCalls = 30;
const crowd = 60;
const sizes = [1, 2, 1000, 1472, 0, 9000, 3];

/** packetChecks are the checks, in an order that goes from plain to hard. */
export const packetChecks: readonly Check<PacketPair>[] = [
  check("Exchange", async (pair) => {
    const { c1, c2 } = pair;
    equal(await c1.WriteTo(utf8("ping"), c2.LocalAddr()), 4, "WriteTo");
    const [ping, from] = await receive(pair, c2);
    equal(text(ping), "ping", "the packet");
    equal(from?.String(), c1.LocalAddr().String(), "its sender");
    equal(from?.Network(), c1.LocalAddr().Network(), "its sender's network");
    equal(await c2.WriteTo(utf8("pong!"), from as Addr), 5, "WriteTo");
    const [pong, back] = await receive(pair, c1);
    equal(text(pong), "pong!", "the answer");
    equal(back?.String(), c2.LocalAddr().String(), "who answered");
  }),

  check("Boundaries", async (pair) => {
    const { c1, c2, maxBytes } = pair;
    const all = noise((maxBytes | 3) + 1);
    const sent = [...sizes, maxBytes].map((size) => all.subarray(0, size));
    const send = async (): Promise<void> => {
      const counts = await Promise.all(sent.map((b) => c1.WriteTo(b, c2.LocalAddr())));
      equal(counts.join(), sent.map((b) => b.length).join(), "what WriteTo counts");
    };
    const read = async (): Promise<void> => {
      for (const want of sent) {
        const [got] = await receive(pair, c2);
        equal(got.length, want.length, "the length of a packet");
        equal(
          got.findIndex((b, i) => b !== want[i]),
          -1,
          "its first byte that came different",
        );
      }
    };
    await Promise.all([send(), read()]);
  }),

  check("Truncated", async (pair) => {
    const { c1, c2, headerBytes } = pair;
    await c1.WriteTo(utf8("0123456789abcdef"), c2.LocalAddr());
    await c1.WriteTo(utf8("next"), c2.LocalAddr());
    const b = new Uint8Array(headerBytes + 10);
    const [n] = await c2.ReadFrom(b);
    equal(text(b.subarray(0, n)), "0123456789", "what fits");
    const [got] = await receive(pair, c2);
    equal(text(got), "next", "the packet after it");
  }),

  check("TooLong", async (pair) => {
    const { c1, c2, maxBytes } = pair;
    const err = await failure(c1.WriteTo(new Uint8Array(maxBytes + 1), c2.LocalAddr()), "WriteTo");
    equal(timeoutOf(err), false, "whether it is a timeout");
    ok(/: message too long$/.test(String((err as Error).message)), `it fails with ${err}`);
    await c1.WriteTo(utf8("short"), c2.LocalAddr());
    const [got] = await receive(pair, c2);
    equal(text(got), "short", "the next packet");
  }),

  check("WrongAddress", async (pair) => {
    const { c1, c2, foreign } = pair;
    const err = (await failure(c1.WriteTo(utf8("x"), foreign), "WriteTo")) as Error;
    ok(/: invalid argument$/.test(err.message), `it fails with ${err}`);
    await c1.WriteTo(utf8("right"), c2.LocalAddr());
    const [got] = await receive(pair, c2);
    equal(text(got), "right", "the next packet");
  }),

  check("Buffers", async (pair) => {
    const { c1, c2 } = pair;
    const b = utf8("first");
    await c1.WriteTo(b, c2.LocalAddr());
    b.fill(0);
    await c1.WriteTo(utf8("second"), c2.LocalAddr());
    const [first] = await receive(pair, c2);
    const [second] = await receive(pair, c2);
    equal(text(first), "first", "a packet whose buffer was used again");
    equal(text(second), "second", "the next packet");
  }),

  check("PastTimeout", async (pair) => {
    const { c1, c2 } = pair;
    await c2.WriteTo(utf8("waits"), c1.LocalAddr());
    c1.SetDeadline(aLongTimeAgo);
    isTimeout(await failure(read(c1), "ReadFrom"), 0);
    isTimeout(await failure(c1.WriteTo(utf8("never"), c2.LocalAddr()), "WriteTo"), 0);
    c1.SetDeadline(null);
    await c1.WriteTo(utf8("after"), c2.LocalAddr());
    const [got] = await receive(pair, c2);
    equal(text(got), "after", "the first packet that was sent");
    const [waited] = await receive(pair, c1);
    equal(text(waited), "waits", "the packet that waited");
  }),

  check("PresentTimeout", async ({ c1, c2 }) => {
    let moved = false;
    const move = async (): Promise<void> => {
      await pass(presentMs);
      moved = true;
      c1.SetReadDeadline(aLongTimeAgo);
    };
    const wait = async (): Promise<void> => {
      isTimeout(await failure(read(c1), "ReadFrom"), 0);
      ok(moved, "ReadFrom ended before the deadline was set");
    };
    await Promise.all([move(), wait(), wait()]);
    equal(await c1.WriteTo(utf8("x"), c2.LocalAddr()), 1, "WriteTo");
  }),

  check("FutureTimeout", async (pair, background) => {
    const { c1, c2 } = pair;
    const began = performance.now();
    c1.SetReadDeadline(Date.now() + presentMs);
    isTimeout(await failure(read(c1), "ReadFrom"), 0);
    // Date counts whole milliseconds: the deadline may be one earlier than it seems.
    ok(performance.now() - began >= presentMs - 1, "ReadFrom ended before the deadline");
    isTimeout(await failure(read(c1), "ReadFrom"), 0);
    c1.SetReadDeadline(null);
    const got = receive(pair, c1);
    background(got);
    await c2.WriteTo(utf8("late"), c1.LocalAddr());
    equal(text((await got)[0]), "late", "the packet after it");
  }),

  check("MovedTimeout", async (pair, background) => {
    const { c1, c2 } = pair;
    c1.SetReadDeadline(Date.now() + presentMs);
    const got = receive(pair, c1);
    background(got);
    c1.SetReadDeadline(null);
    await pass(2 * presentMs);
    await c2.WriteTo(utf8("in time"), c1.LocalAddr());
    equal(text((await got)[0]), "in time", "the packet");
  }),

  check("RacyRead", async (pair) => {
    const { c1, c2 } = pair;
    let sending = true;
    const send = async (): Promise<void> => {
      while (sending) {
        await c2.WriteTo(utf8("again"), c1.LocalAddr());
        await pass(0);
      }
    };
    const racer = async (): Promise<void> => {
      for (let i = 0; i < racerCalls; i++) {
        try {
          const [got] = await receive(pair, c1);
          equal(text(got), "again", "the packet");
        } catch (err) {
          isTimeout(err, 0);
          c1.SetReadDeadline(Date.now() + racyDeadlineMs);
        }
      }
    };
    c1.SetReadDeadline(Date.now() + racyDeadlineMs);
    const race = async (): Promise<void> => {
      try {
        await Promise.all(Array.from({ length: racers }, racer));
      } finally {
        sending = false;
      }
    };
    await Promise.all([send(), race()]);
  }),

  check("ConcurrentReaders", async (pair) => {
    const { c1, c2 } = pair;
    const numbers = Array.from({ length: crowd }, (_, i) => i);
    const reads = numbers.map(() => receive(pair, c2));
    const writes = numbers.map((i) => c1.WriteTo(Uint8Array.of(i), c2.LocalAddr()));
    await Promise.all(writes);
    const got = (await Promise.all(reads)).map(([b]) => b.join());
    equal(got.sort((a, b) => Number(a) - Number(b)).join(), numbers.join(), "what all of them read");
  }),

  check("Abort", async (pair, background) => {
    const { c1, c2, headerBytes } = pair;
    const control = new AbortController();
    const b = new Uint8Array(headerBytes + smallBytes);
    const aborted = failure(c1.ReadFrom(b, control.signal), "ReadFrom");
    const other = receive(pair, c1);
    background(other);
    control.abort();
    const err = await aborted;
    ok(/: operation was canceled$/.test(String((err as Error).message)), `it fails with ${err}`);
    await c2.WriteTo(utf8("not lost"), c1.LocalAddr());
    equal(text((await other)[0]), "not lost", "what the other reader gets");
  }),

  check("Close", async ({ c1, c2 }) => {
    const reads = [read(c1), read(c1)].map((call) => failure(call, "ReadFrom"));
    await pass(presentMs);
    const name = c1.LocalAddr().String();
    await c1.Close();
    const errs = await Promise.all(reads);
    errs.push(
      await failure(read(c1), "ReadFrom"),
      await failure(c1.WriteTo(utf8("x"), c2.LocalAddr()), "WriteTo"),
      await failure(c1.Close(), "Close"),
      await failure((async () => c1.SetDeadline(null))(), "SetDeadline"),
    );
    for (const err of errs) {
      equal(timeoutOf(err), false, "whether it is a timeout");
      ok(/: use of closed network connection$/.test((err as Error).message), `it fails with ${err}`);
    }
    equal(c1.LocalAddr().String(), name, "LocalAddr");
  }),
];

function utf8(s: string): Uint8Array {
  return new TextEncoder().encode(s);
}

function text(b: Uint8Array): string {
  return new TextDecoder().decode(b);
}

function timeoutOf(err: unknown): boolean | undefined {
  return (err as Partial<NetError>).Timeout?.();
}

function read(c: Packets): Promise<unknown> {
  return c.ReadFrom(new Uint8Array(smallBytes));
}

// receive takes one packet, of whatever length.
async function receive(
  { maxBytes, headerBytes }: PacketPair,
  c: Packets,
): Promise<[packet: Uint8Array, from: Addr | null]> {
  const b = new Uint8Array(maxBytes + headerBytes);
  const [n, from] = await c.ReadFrom(b);
  return [b.subarray(0, n), from];
}
