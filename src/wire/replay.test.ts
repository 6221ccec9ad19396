import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { testSeed } from "../testing/wirerandom.js";
import { WireError } from "./errors.js";
import { frameCostBytes, Replay } from "./replay.js";

const frame = (n: number) => new Uint8Array(n);

describe("Replay", () => {
  test("numbers from 1 and lets go of what is acknowledged", () => {
    const r = new Replay();
    expect(r.nextSeq).toBe(1);
    r.keep(frame(10), 0);
    r.keep(frame(112), 100);
    r.keep(frame(20), 0);
    expect(r.nextSeq).toBe(4);
    expect([r.controlBytes, r.dataBytes]).toEqual([30, 100 + frameCostBytes]);
    r.acknowledge(2);
    expect([r.controlBytes, r.dataBytes]).toEqual([20, 0]);
    r.acknowledge(2);
    r.acknowledge(3);
    expect([r.controlBytes, r.dataBytes, r.nextSeq]).toEqual([0, 0, 4]);
  });

  test("refuses a number never sent, and one below the last", () => {
    const r = new Replay();
    expect(() => r.acknowledge(1)).toThrow(WireError);
    r.keep(frame(1), 0);
    r.keep(frame(1), 0);
    expect(() => r.acknowledge(3)).toThrow(WireError);
    expect(() => r.acknowledge(Number.MAX_SAFE_INTEGER)).toThrow(WireError);
    r.acknowledge(2);
    expect(() => r.acknowledge(1)).toThrow(WireError);
    expect(r.nextSeq).toBe(3);
  });

  test("a small frame of data costs about what it keeps", () => {
    const r = new Replay();
    r.keep(frame(13), 1);
    expect(r.dataBytes).toBeGreaterThan(100);
  });

  test("puts each frame on a link once, and on the next link those that the peer lacks", () => {
    const r = new Replay();
    const all = [1, 2, 3, 4, 5].map(frame);
    for (const f of all.slice(0, 4)) r.keep(f, 0);
    expect([r.next(), r.next(), r.next()]).toEqual(all.slice(0, 3));
    expect([r.unsent, r.highest, r.acknowledged]).toEqual([1, 3, 0]);
    expect(r.neverSent()).toEqual([all[3]]);
    r.acknowledge(1);
    r.rewind(1);
    r.keep(all[4] as Uint8Array, 0);
    expect(r.unsent).toBe(4);
    expect([r.next(), r.next(), r.next(), r.next(), r.next()]).toEqual([...all.slice(1), null]);
    expect([r.unsent, r.highest, r.acknowledged]).toEqual([0, 5, 1]);
    expect(r.neverSent()).toEqual([]);
    r.acknowledge(5);
    r.rewind(5);
    expect([r.next(), r.unsent]).toEqual([null, 0]);
  });

  test("clear keeps the numbers", () => {
    const r = new Replay();
    for (let i = 0; i < 5; i++) r.keep(frame(13), 1);
    r.clear();
    expect([r.nextSeq, r.dataBytes, r.controlBytes]).toEqual([6, 0, 0]);
    r.keep(frame(3), 0);
    r.acknowledge(6);
    expect(r.controlBytes).toBe(0);
  });

  test("agrees with a plain list", () => {
    const op = fc.oneof(
      fc.record({ keep: fc.integer({ min: 1, max: 300 }), data: fc.boolean() }),
      fc.record({ ack: fc.double({ min: 0, max: 1, noNaN: true }) }),
    );
    fc.assert(
      fc.property(fc.array(op, { maxLength: 3000, size: "max" }), (ops) => {
        const r = new Replay();
        let list: { seq: number; data: boolean; n: number }[] = [];
        let seq = 0;
        let acked = 0;
        for (const o of ops) {
          if ("keep" in o) {
            r.keep(frame(o.keep), o.data ? o.keep : 0);
            list.push({ seq: ++seq, data: o.data, n: o.keep });
          } else {
            acked += Math.floor(o.ack * (seq - acked));
            r.acknowledge(acked);
            list = list.filter((k) => k.seq > acked);
          }
          const sum = (data: boolean) =>
            list.filter((k) => k.data === data).reduce((s, k) => s + k.n + (data ? frameCostBytes : 0), 0);
          if (seq % 50 === 0 || list.length < 5) {
            expect([r.nextSeq, r.dataBytes, r.controlBytes]).toEqual([seq + 1, sum(true), sum(false)]);
          }
        }
      }),
      { numRuns: 30, seed: testSeed("replay") | 0 },
    );
  });

  test("a million frames, acknowledged in sixties, take no more than a moment", () => {
    const r = new Replay();
    const small = frame(3);
    const start = performance.now();
    for (let i = 0; i < 20_000; i++) r.keep(small, 0);
    for (let i = 1; i <= 1_000_000; i++) {
      r.keep(small, 0);
      if (i % 64 === 0) r.acknowledge(i);
    }
    expect(r.nextSeq).toBe(1_020_001);
    expect(performance.now() - start).toBeLessThan(3000);
  });
});
