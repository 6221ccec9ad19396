import { Session } from "node:inspector/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { testSeed } from "../testing/wirerandom.js";
import { Incoming, packetCostBytes } from "./incoming.js";

// numbered makes n bytes that tell where in all that came they are.
function numbered(from: number, n: number): Uint8Array {
  return Uint8Array.from({ length: n }, (_, i) => (from + i) % 251);
}

test("bytes and packets are taken as they came, each packet whole, none past another", () => {
  const sizes = fc.oneof(
    fc.nat(20),
    fc.integer({ min: 500, max: 520 }),
    fc.integer({ min: 4000, max: 9000 }),
  );
  const came = fc.record({
    op: fc.constantFrom("bytes" as const, "packet" as const),
    n: sizes,
    slack: fc.constantFrom(0, 50_000),
  });
  const taken = fc.record({
    op: fc.constantFrom("read", "drop", "look", "take", "take", "clear" as const),
    n: fc.nat(9000),
    slack: fc.constant(0),
  });
  const ops = fc.array(fc.oneof({ weight: 3, arbitrary: came }, { weight: 4, arbitrary: taken }), {
    maxLength: 150,
  });
  fc.assert(
    fc.property(ops, (list) => {
      const incoming = new Incoming();
      // The model: bytes one by one, packets as arrays between them.
      let model: (number | number[])[] = [];
      let all = 0;
      const here = () => {
        const next = model.findIndex((item) => typeof item !== "number");
        return next < 0 ? model.length : next;
      };
      for (const { op, n, slack } of list) {
        const packet = model.find((item) => typeof item !== "number") as number[] | undefined;
        const next = packet !== undefined && here() === 0 ? packet : null;
        if (op === "bytes" || op === "packet") {
          const memory = new Uint8Array(n + slack);
          memory.set(numbered(all, n));
          all += n;
          const piece = memory.subarray(0, n);
          if (op === "bytes") {
            if (n === 0) continue; // there is no such DATA
            model.push(...piece);
            incoming.push(piece);
          } else {
            model.push([...piece]);
            incoming.pushPacket(piece);
            memory.fill(255, 0, n < 512 || slack > 0 ? n : 0); // it was copied
          }
        } else if (op === "read") {
          const into = new Uint8Array(n);
          const got = incoming.read(into);
          expect([...into.subarray(0, got)]).toEqual(model.slice(0, Math.min(n, here())));
          model = model.slice(got);
        } else if (op === "drop") {
          const peeked = incoming.peek();
          expect(peeked === null).toBe(here() === 0);
          if (peeked === null) continue;
          expect([...peeked]).toEqual(model.slice(0, peeked.length));
          const dropped = Math.min(n + 1, peeked.length);
          incoming.drop(dropped);
          model = model.slice(dropped);
        } else if (op === "look") {
          const looked = incoming.peekPacket();
          expect(looked === null ? null : [...looked]).toEqual(next);
        } else if (op === "take" && next !== null) {
          expect([...(incoming.takePacket() ?? [])]).toEqual(next);
          model = model.slice(1);
        } else if (op === "clear") {
          incoming.clear();
          model = [];
        }
        const packets = model.filter((item) => typeof item !== "number");
        const packetBytes = packets.reduce((sum, item) => sum + item.length, 0);
        expect(incoming.packetBytes).toBe(packetBytes);
        expect(incoming.packetCost).toBe(packetBytes + packets.length * packetCostBytes);
        expect(incoming.length).toBe(packetBytes + model.length - packets.length);
        expect(incoming.bytesHere).toBe(here());
      }
      expect(model.length > 0 || incoming.takePacket() === null).toBe(true);
    }),
    { seed: testSeed("incoming"), numRuns: 300 },
  );
});

test("a hundred thousand small packets take little more than their bytes, and give it back", async () => {
  const inspector = new Session();
  inspector.connect();
  const used = async () => {
    await inspector.post("HeapProfiler.collectGarbage");
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const packets = 100_000;
  const bytes = 12;
  const incoming = new Incoming();
  const before = await used();
  for (let i = 0; i < packets; i++) incoming.pushPacket(new Uint8Array(bytes).fill(i));
  const grown = (await used()) - before;
  console.log(`a packet of ${bytes} bytes takes ${(grown / packets).toFixed(1)}`);
  expect(grown / packets).toBeLessThan(4 * bytes);
  for (let i = 0; i < packets - 1; i++) incoming.takePacket();
  const left = (await used()) - before;
  expect(left / packets).toBeLessThan(4);
  expect(incoming.takePacket()).toEqual(new Uint8Array(bytes).fill(packets - 1));
  inspector.disconnect();
});
