import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Deadline } from "./deadline.js";
import { dataPrefixBytes } from "./frame.js";
import { Frames } from "./frames.js";
import { pair } from "./pair.js";
import { Session } from "./session.js";
import type { Stream } from "./stream.js";

const large = 64 * 1024 + dataPrefixBytes;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("Frames", () => {
  test("lends what came back again, for frames of about the same size", () => {
    const frames = new Frames();
    const one = frames.take(large);
    const two = frames.take(large);
    expect(two.buffer).not.toBe(one.buffer);
    frames.give(one);
    const three = frames.take(large - 1000);
    expect([three.buffer, three.length]).toEqual([one.buffer, large - 1000]);
    frames.give(three);
    expect(frames.take(large).length).toBe(large);
  });

  test("lends nothing twice", () => {
    const frames = new Frames();
    frames.give(frames.take(large));
    expect(frames.take(large).buffer).not.toBe(frames.take(large).buffer);
  });

  test("small frames and foreign ones are not taken back", () => {
    const frames = new Frames();
    const small = frames.take(1000);
    expect([small.length, small.buffer.byteLength]).toEqual([1000, 1000]);
    const foreign = new Uint8Array(large);
    frames.give(small);
    frames.give(foreign);
    expect(frames.take(1000).buffer).not.toBe(small.buffer);
    expect(frames.take(large).buffer).not.toBe(foreign.buffer);
  });

  test("keeps 1 MiB at most, and for a second", () => {
    const frames = new Frames();
    const lent = Array.from({ length: 32 }, () => frames.take(large));
    for (const frame of lent) frames.give(frame);
    const again = lent.map(() => frames.take(large).buffer);
    const before = new Set(lent.map((frame) => frame.buffer));
    expect(again.filter((buffer) => before.has(buffer))).toHaveLength(15);
    const [last] = lent as [Uint8Array];
    frames.give(last);
    vi.advanceTimersByTime(1000);
    expect(frames.take(large).buffer).not.toBe(last.buffer);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("what a session sends", () => {
  test.each([true, false])("uses memory again only where the link lets go of it (%s)", async (copies) => {
    vi.useRealTimers();
    const link = pair({ defer: setImmediate });
    const memory: ArrayBufferLike[] = [];
    if (copies) Object.assign(link.a, { memory: "copied" });
    link.a.onSend = (message) => {
      memory.push(message.buffer);
      return copies ? message.slice() : message;
    };
    const far: Stream[] = [];
    const handler = {
      open(stream: Stream) {
        far.push(stream);
        stream.opened([]);
      },
      call: () => [],
    };
    const gateway = new Session({ role: "gateway", handler, id: "session" });
    gateway.attach(link.b);
    const client = new Session({ role: "client" });
    client.attach(link.a);
    const { stream, answer } = client.open("test", []);
    await answer;
    const never = new Deadline();
    const b = new Uint8Array(128 * 1024);
    const got = new Uint8Array(b.length);
    memory.length = 0;
    for (let round = 1; round <= 32; round++) {
      await stream.write(b.fill(round), never);
      for (let n = 0; n < b.length; ) n += await (far[0] as Stream).read(got.subarray(n), never);
      expect(Buffer.compare(got, b)).toBe(0);
    }
    const frames = memory.filter((buffer) => buffer.byteLength >= b.length);
    expect(frames).toHaveLength(32);
    if (copies) expect(new Set(frames).size).toBeLessThan(16);
    else expect(new Set(frames).size).toBe(32);
    client.close();
  });
});
