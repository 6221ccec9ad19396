import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { testSeed } from "../testing/wirerandom.js";
import { ByteQueue } from "./bytequeue.js";

// numbered makes n bytes that tell where in the stream they are.
function numbered(from: number, n: number): Uint8Array {
  return Uint8Array.from({ length: n }, (_, i) => (from + i) % 251);
}

// heldBytes is the memory that the queue keeps alive.
function heldBytes(q: ByteQueue): number {
  const buffers = new Set<ArrayBufferLike>();
  const copies: Uint8Array[] = [];
  for (let chunk = q.peek(); chunk !== null; chunk = q.peek()) {
    buffers.add(chunk.buffer);
    copies.push(chunk);
    q.drop(chunk.length);
  }
  for (const chunk of copies) q.push(chunk);
  return [...buffers].reduce((sum, b) => sum + b.byteLength, 0);
}

describe("ByteQueue", () => {
  test("gives back what it was given, however it was cut", () => {
    const pushed = fc.record({
      op: fc.constant("push" as const),
      n: fc.oneof(fc.nat(20), fc.nat(600), fc.integer({ min: 4000, max: 12_000 })),
      slack: fc.constantFrom(0, 1, 100_000),
    });
    const taken = fc.record({ op: fc.constantFrom("read" as const, "drop" as const), n: fc.nat(9000) });
    const cleared = fc.record({ op: fc.constant("clear" as const) });
    const ops = fc.array(
      fc.oneof(
        { weight: 8, arbitrary: pushed },
        { weight: 8, arbitrary: taken },
        { weight: 1, arbitrary: cleared },
      ),
      { maxLength: 120 },
    );
    fc.assert(
      fc.property(ops, (list) => {
        const q = new ByteQueue();
        let written = 0;
        let model: number[] = [];
        for (const op of list) {
          if (op.op === "push") {
            const memory = new Uint8Array(op.n + op.slack);
            memory.set(numbered(written, op.n));
            written += op.n;
            const piece = memory.subarray(0, op.n);
            model.push(...piece);
            q.push(piece);
          } else if (op.op === "read") {
            const into = new Uint8Array(op.n);
            const n = q.read(into);
            expect(n).toBe(Math.min(op.n, model.length));
            expect([...into.subarray(0, n)]).toEqual(model.slice(0, n));
            model = model.slice(n);
          } else if (op.op === "drop") {
            const chunk = q.peek();
            expect(chunk === null).toBe(model.length === 0);
            if (chunk === null) continue;
            expect([...chunk]).toEqual(model.slice(0, chunk.length));
            const n = Math.min(op.n, chunk.length);
            q.drop(n);
            model = model.slice(n);
          } else {
            expect(q.clear()).toBe(model.length);
            model = [];
          }
          expect(q.length).toBe(model.length);
        }
      }),
      { numRuns: 400, seed: testSeed("byte queue") | 0 },
    );
  });

  test("many small pieces are gathered", () => {
    const q = new ByteQueue();
    for (let i = 0; i < 100_000; i++) q.push(numbered(i, 1));
    expect(heldBytes(q)).toBeLessThan(100_000 + 8192);
  });

  test("a small part of a large message does not keep the message", () => {
    const q = new ByteQueue();
    q.push(new Uint8Array(1_000_000).subarray(0, 10_000));
    expect(heldBytes(q)).toBe(10_000);
    q.clear();
    q.push(new Uint8Array(1_000_000).subarray(0, 1));
    expect(heldBytes(q)).toBeLessThanOrEqual(256);
  });

  test("a large piece is kept without a copy", () => {
    const q = new ByteQueue();
    const piece = numbered(0, 200_000).subarray(12);
    q.push(piece);
    expect(q.peek()?.buffer).toBe(piece.buffer);
  });

  test("the rest of a large piece lets go of it", () => {
    const q = new ByteQueue();
    const piece = numbered(0, 200_000);
    q.push(piece);
    q.drop(100_000);
    expect(q.peek()?.buffer).toBe(piece.buffer);
    q.drop(99_990);
    expect(q.peek()).toEqual(piece.subarray(199_990));
    expect(q.peek()?.buffer.byteLength).toBe(10);
  });

  test("what peek gave stays good after drop", () => {
    const q = new ByteQueue();
    q.push(numbered(0, 50_000));
    const seen = q.peek() as Uint8Array;
    q.drop(49_999);
    q.push(numbered(7, 10));
    expect(seen).toEqual(numbered(0, 50_000));
  });

  test("memory is near the contents while small pieces come and go", () => {
    const q = new ByteQueue();
    const into = new Uint8Array(700);
    for (let i = 0; i < 5000; i++) {
      q.push(numbered(i, 300));
      q.push(numbered(i, 400));
      q.read(into);
      q.push(numbered(i, 1));
    }
    expect(heldBytes(q)).toBeLessThan(q.length + 2 * 8192);
  });

  test("an empty queue has nothing to peek at", () => {
    const q = new ByteQueue();
    q.push(new Uint8Array(0));
    expect(q.length).toBe(0);
    expect(q.peek()).toBeNull();
    expect(q.read(new Uint8Array(5))).toBe(0);
    expect(q.clear()).toBe(0);
  });
});
