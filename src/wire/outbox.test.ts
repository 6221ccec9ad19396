import { describe, expect, test } from "vitest";
import { Random, testSeed } from "../testing/wirerandom.js";
import { maxMessageBytes, maxPayloadBytes } from "./frame.js";
import { Outbox } from "./outbox.js";
import type { Transport } from "./transport.js";

class Sink implements Transport {
  receiver = null;
  readonly messageBytes?: number;
  readonly memory?: "copied" | "sent";
  constructor(properties: Pick<Transport, "messageBytes" | "memory"> = {}) {
    Object.assign(this, properties);
  }
  readonly sent: Uint8Array[] = [];
  send(message: Uint8Array): void {
    this.sent.push(message);
  }
  bufferedBytes(): number {
    return 0;
  }
  cork(): void {}
  uncork(): void {}
  close(): void {}
  terminate(): void {}
}

function filled(n: number, byte: number): Uint8Array {
  return new Uint8Array(n).fill(byte);
}

describe("Outbox", () => {
  test("small frames leave together, in order", () => {
    const sink = new Sink();
    const box = new Outbox(sink);
    for (let i = 0; i < 5; i++) box.add(filled(2, i));
    expect(sink.sent).toEqual([]);
    expect(box.pendingBytes).toBe(10);
    box.flush();
    expect(sink.sent).toEqual([new Uint8Array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])]);
    expect(box.pendingBytes).toBe(0);
    box.flush();
    expect(sink.sent).toHaveLength(1);
  });

  test("a frame alone leaves as it is, without a copy", () => {
    const sink = new Sink();
    const box = new Outbox(sink);
    const frame = filled(100, 1);
    box.add(frame);
    box.flush();
    expect(sink.sent[0]).toBe(frame);
  });

  test("a large frame leaves alone, at once, after what was before it", () => {
    const sink = new Sink();
    const box = new Outbox(sink);
    const large = filled(64 * 1024, 2);
    box.add(filled(3, 1));
    box.add(large);
    box.add(filled(3, 3));
    expect(sink.sent.map((m) => m[0])).toEqual([1, 2]);
    expect(sink.sent[1]).toBe(large);
    box.flush();
    expect(sink.sent.map((m) => m[0])).toEqual([1, 2, 3]);
  });

  test("no message is larger than the protocol allows, and no byte is lost or moved", () => {
    const random = new Random(testSeed("outbox"));
    const sink = new Sink();
    const box = new Outbox(sink);
    const all: Uint8Array[] = [];
    for (let i = 0; i < 2000; i++) {
      const n = random.pick([3, 40, 1000, 16_384, 65_535, 65_536, 65_548, maxPayloadBytes + 12]);
      const frame = filled(n, i);
      all.push(frame);
      box.add(frame);
      if (random.below(50) === 0) box.flush();
    }
    box.flush();
    expect(Math.max(...sink.sent.map((m) => m.length))).toBeLessThanOrEqual(maxMessageBytes);
    expect(Buffer.concat(sink.sent).equals(Buffer.concat(all))).toBe(true);
  });

  test("a transport says how large messages get", () => {
    const sink = new Sink({ messageBytes: 1000 });
    const box = new Outbox(sink);
    box.add(filled(600, 1));
    expect(box.isFull).toBe(false);
    box.add(filled(400, 2));
    expect(box.isFull).toBe(true);
    box.flush();
    box.add(filled(999, 3));
    box.add(filled(1000, 4));
    expect(sink.sent.map((m) => m.length)).toEqual([1000, 999, 1000]);
  });

  test("messages share memory where the transport copies them, and nowhere else", () => {
    for (const memory of ["copied", "sent"] as const) {
      const sink = new Sink({ memory });
      const box = new Outbox(sink);
      for (const byte of [1, 2]) {
        box.add(filled(100, byte));
        box.add(filled(50, byte));
        box.flush();
      }
      const [one, two] = sink.sent as [Uint8Array, Uint8Array];
      expect([one.length, two.length, two]).toEqual([150, 150, filled(150, 2)]);
      expect(one.buffer === two.buffer).toBe(memory === "copied");
    }
  });
});
