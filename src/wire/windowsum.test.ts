// What all windows of a session may hold together, whatever its readers do and whatever a greedy peer sends.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RawPeer } from "../testing/rawpeer.js";
import { Random, testSeed } from "../testing/wirerandom.js";
import { Deadline } from "./deadline.js";
import { type Frame, frameType as T } from "./frame.js";
import { headerOf } from "./packets.js";
import type { Stream } from "./stream.js";

const never = new Deadline();
const streamWindow = 1000;
const streamCount = 12;
const noHeader = new Uint8Array(0);

// Side is what the peer knows of a stream, and what its reader has taken.
interface Side {
  readonly id: number;
  readonly stream: Stream;
  sent: number;
  taken: number;
  granted: number;
  // isQuick says that its reader keeps up, for the time being.
  isQuick: boolean;
}

class Greedy extends RawPeer {
  readonly sides: Side[] = [];
  readonly sessionWindow: number;
  sent = 0;
  taken = 0;
  granted: number;
  #seen = 0;

  constructor(sessionWindow: number) {
    super({
      role: "gateway",
      id: "s",
      limits: { streamWindow, sessionWindow },
      handler: {
        open: (stream) => {
          this.sides.push({ id: stream.id, stream, sent: 0, taken: 0, granted: streamWindow, isQuick: true });
          stream.opened([]);
        },
        call: () => [],
      },
    });
    this.sessionWindow = sessionWindow;
    this.granted = sessionWindow;
    this.autoAck = true;
  }

  // settle waits for everything under way and takes the credit that came.
  async settle(): Promise<void> {
    await this.quiet();
    for (; this.#seen < this.got.length; this.#seen++) {
      const [type, id, offset] = this.got[this.#seen] as Frame;
      if (type !== T.credit) continue;
      if (id === 0) this.granted = offset as number;
      const side = this.sides.find((each) => each.id === id);
      if (side !== undefined) side.granted = offset as number;
    }
  }

  // pour sends as much as there is credit for, on one stream.
  pour(side: Side): void {
    const n = Math.min(side.granted - side.sent, this.granted - this.sent);
    if (n <= 0 || side.stream.state !== "open") return;
    side.sent += n;
    this.sent += n;
    this.send([T.data, side.id, new Uint8Array(n)]);
  }
}

async function take(peer: Greedy, side: Side, most: number): Promise<void> {
  const n = Math.min(most, side.stream.readableBytes);
  for (let left = n; left > 0; ) left -= await side.stream.read(new Uint8Array(left), never);
  side.taken += n;
  peer.taken += n;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("all windows of a session together", () => {
  test("hold what is promised, whatever readers do", { timeout: 120_000 }, async () => {
    const random = new Random(testSeed("windows"));
    for (let run = 0; run < 8; run++) {
      const sessionWindow = streamWindow * (2 + random.below(15));
      const peer = new Greedy(sessionWindow);
      await peer.shakeHands();
      let nextID = 1;
      const open = async () => {
        peer.send([T.open, nextID, "", []]);
        nextID += 2;
        await peer.settle();
      };
      for (let i = 0; i < streamCount; i++) await open();
      let widest = 0;
      for (let step = 0; step < 150; step++) {
        const side = random.pick(peer.sides.slice(0, 1 + random.below(streamCount)));
        // Some readers keep up, some take their time, some stop; now and then one closes and another comes.
        if (random.below(10) === 0) side.isQuick = !side.isQuick;
        vi.advanceTimersByTime(side.isQuick ? random.below(20) : random.pick([300, 2500]));
        for (let i = 0; i < (side.isQuick ? 4 : 1); i++) {
          peer.pour(side);
          await peer.settle();
          const some = [0, 1, streamWindow / 2, 2 * streamWindow];
          await take(peer, side, side.isQuick ? 4 * streamWindow : random.pick(some));
        }
        if (random.below(40) === 0) {
          side.stream.close();
          await peer.settle();
          peer.send([T.close, side.id]);
          peer.taken += side.sent - side.taken; // what nobody reads any more counts as taken
          peer.sides.splice(peer.sides.indexOf(side), 1);
          await open();
        }
        await peer.settle();
        expect(peer.closed).toBeNull();

        const held = peer.sides.reduce((sum, { stream }) => sum + stream.readableBytes, 0);
        expect(held).toBeLessThanOrEqual(sessionWindow);
        expect(peer.granted - peer.taken).toBeLessThanOrEqual(sessionWindow);
        const windows = peer.sides.map(({ granted, taken }) => granted - taken);
        const wider = windows.reduce((sum, window) => sum + Math.max(0, window - streamWindow), 0);
        expect(Math.max(...windows)).toBeLessThanOrEqual(4 * streamWindow);
        expect(wider).toBeLessThanOrEqual(sessionWindow / 4);
        widest = Math.max(widest, ...windows);
      }
      expect(widest).toBeGreaterThan(streamWindow); // or nothing was tried
      peer.session.close();
    }
  });

  test("do not count as given back what a reader that became slow may still be sent", async () => {
    const peer = new Greedy(16 * streamWindow);
    await peer.shakeHands();
    for (const id of [1, 3, 5]) peer.send([T.open, id, "", []]);
    await peer.settle();
    const [slow, ...quick] = peer.sides as [Side, ...Side[]];
    const run = async (side: Side, most: number): Promise<void> => {
      for (let i = 0; i < 10; i++) {
        peer.pour(side);
        await peer.settle();
        await take(peer, side, most);
        await peer.settle();
      }
    };
    await run(slow, 4 * streamWindow);
    expect(slow.granted - slow.taken).toBeGreaterThan(3 * streamWindow);
    // It takes half a window after a long while, and then nothing more.
    vi.advanceTimersByTime(2500);
    peer.pour(slow);
    await peer.settle();
    await take(peer, slow, 2 * streamWindow);
    await peer.settle();
    for (const side of quick) await run(side, 4 * streamWindow);
    const wider = peer.sides.reduce((sum, { granted, taken }) => sum + granted - taken - streamWindow, 0);
    expect(wider).toBeLessThanOrEqual(4 * streamWindow);
  });

  test("one byte beyond the session's credit is refused, over however many streams", async () => {
    const peer = new Greedy(streamWindow * 4);
    await peer.shakeHands();
    for (let id = 1; id <= 2 * streamCount; id += 2) peer.send([T.open, id, "", []]);
    await peer.settle();
    for (const side of peer.sides) peer.pour(side);
    await peer.settle();
    expect(peer.sides.reduce((sum, { stream }) => sum + stream.readableBytes, 0)).toBe(4 * streamWindow);
    expect(peer.closed).toBeNull();
    peer.send([T.data, (peer.sides.at(-1) as Side).id, new Uint8Array(1)]);
    expect(await peer.end()).toMatchObject({ reason: "flow control" });
  });

  test("datagrams that nobody takes cost no more than the session's window either; the rest is lost, and told", async () => {
    const peer = new Greedy(streamWindow * 4);
    await peer.shakeHands();
    for (let id = 1; id <= 2 * streamCount; id += 2) peer.send([T.open, id, "", []]);
    await peer.settle();
    const payloadBytes = 100;
    const sent = new Map<number, number>();
    for (const { id, stream } of peer.sides) {
      stream.isUnnumbered = true;
      for (let offset = 0; offset < streamWindow; ) {
        const header = headerOf(offset, 0, null, noHeader);
        const payload = new Uint8Array(header.length + payloadBytes);
        payload.set(header);
        peer.send([T.dgram, id, payload]);
        offset += payload.length;
        sent.set(id, offset);
      }
    }
    await peer.settle();
    expect(peer.closed).toBeNull();
    const held = peer.sides.reduce((sum, { stream }) => sum + stream.readableBytes, 0);
    const all = [...sent.values()].reduce((sum, n) => sum + n, 0);
    expect(held).toBeLessThanOrEqual(peer.sessionWindow);
    expect(held).toBeGreaterThan(payloadBytes);
    expect(peer.session.counts.lostPacketBytes).toBe(all - held);
    expect(peer.all(T.sent)[0]?.[3]).toEqual(["errno", "", "ENOBUFS"]);
    // What is taken makes room for the next.
    const last = peer.sides.at(-1) as Side;
    for (const { stream } of peer.sides) while (stream.peekPacket() !== null) stream.dropPacket();
    await peer.settle();
    const offset = sent.get(last.id) as number;
    peer.send([T.dgram, last.id, headerOf(offset, 0, null, noHeader)]);
    await peer.settle();
    expect(last.stream.readableBytes).toBeGreaterThan(0);
  });
});
