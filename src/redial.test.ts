import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Link, type SessionStatus } from "./link.js";
import { GatewayError, type OpenTransport } from "./opentransport.js";
import { onReturn } from "./redial.js";
import { RawLine } from "./testing/rawpeer.js";
import { Random } from "./testing/wirerandom.js";
import { type Frame, frameType as T } from "./wire/frame.js";
import type { Transport } from "./wire/transport.js";

const key = new Uint8Array(32).fill(1);
const graceMs = 120_000;

// Fake timers leave turns of the event loop real: the lines of the tests are made of them.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
  vi.spyOn(Math, "random").mockReturnValue(0.5);
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const welcome = (epoch: number, received: number): Frame => {
  const resumeKey = epoch === 1 ? key : null;
  return [T.welcome, 1, ["resume"], "g.1", resumeKey, epoch, received, graceMs, [], "g"];
};

class TestLine extends RawLine {
  answered = false; // its HELLO was
}

// Road is the way to a gateway that is there or not.
class Road {
  readonly link: Link;
  readonly states: string[] = [];
  attempts: number[] = []; // when, in ms
  lines: TestLine[] = [];
  refuse: Error | null = null; // while not null, attempts fail with it
  isSilent = false; // attempts are never answered
  readonly gateways: (string | undefined)[] = []; // for which each attempt was
  readonly #began = performance.now();

  constructor() {
    const open = (signal?: AbortSignal, gatewayID?: string): Promise<Transport> => {
      this.gateways.push(gatewayID);
      this.attempts.push(Math.round(performance.now() - this.#began));
      if (this.refuse !== null) return Promise.reject(this.refuse);
      if (this.isSilent) {
        return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
      }
      const line = new TestLine();
      this.lines.push(line);
      return Promise.resolve(line.link.a);
    };
    const way: OpenTransport = Object.assign(open, { resumes: true });
    this.link = new Link(() => way);
    this.link.watch(({ state }) => this.states.push(state));
  }

  // attached makes the session.
  static async attached(): Promise<Road> {
    const road = new Road();
    const connecting = road.link.connect();
    await road.answer(1);
    await connecting;
    road.attempts = [];
    return road;
  }

  // answer welcomes the last line.
  async answer(epoch: number, received = 0): Promise<RawLine> {
    await settle();
    const { line } = this;
    line.answered = true;
    await line.next(T.hello);
    line.send(welcome(epoch, received));
    await line.quiet();
    return line;
  }

  get line(): TestLine {
    return this.lines.at(-1) as TestLine;
  }
}

const stepMs = 5;

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

// pass lets time go by, a step at a time, so that what is answered is answered in between.
async function pass(ms: number, step = stepMs): Promise<void> {
  for (let left = ms; left > 0; left -= step) {
    vi.advanceTimersByTime(Math.min(step, left));
    await settle();
  }
}

const down = new GatewayError("down", "GONET_UNREACHABLE", "unreachable");

describe("Redial", () => {
  test("tries at once, then after growing delays, until the time is up", async () => {
    const road = await Road.attached();
    road.refuse = down;
    const began = road.attempts.length;
    expect(began).toBe(0);
    const start = performance.now();
    road.line.link.cut();
    expect(road.link.status).toMatchObject({ state: "detached", givesUpAt: Date.now() + graceMs });
    await pass(graceMs + 1000);
    const at = road.attempts;
    const gaps = at.map((ms, i) => ms - (i === 0 ? 0 : (at[i - 1] as number)));
    expect(at[0]).toBeLessThan(10);
    const want = [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000];
    for (const [i, ms] of want.entries())
      expect(Math.abs((gaps[i + 1] as number) - ms)).toBeLessThan(2 * stepMs);
    expect(Math.max(...gaps)).toBeLessThan(15_000 + 2 * stepMs);
    expect(Math.abs((at.at(-1) as number) - graceMs)).toBeLessThan(300); // the last one, when the time is up
    expect(road.link.status).toMatchObject({ state: "lost", givesUpAt: null });
    expect(road.link.status.reason).toMatch(/no way back to the gateway in time/);
    expect(performance.now() - start).toBeGreaterThan(graceMs);
  });

  test.each([
    [0, [250, 500, 1000, 2000, 4000, 7500]],
    [0.999_999, [750, 1500, 3000, 6000, 12_000, 22_500]],
  ])("varies each delay (random %d)", async (random, want) => {
    vi.spyOn(Math, "random").mockReturnValue(random);
    const road = await Road.attached();
    road.refuse = down;
    road.line.link.cut();
    await pass(50_000);
    const gaps = road.attempts.slice(1).map((ms, i) => ms - (road.attempts[i] as number));
    for (const [i, ms] of want.entries()) expect(Math.abs((gaps[i] as number) - ms)).toBeLessThan(2 * stepMs);
    await road.link.close();
  });

  test("goes on with the same session, and shows how it does", async () => {
    const road = await Road.attached();
    const session = await road.link.connect();
    road.line.link.cut();
    await pass(1);
    const line = await road.answer(2);
    expect(line.all(T.hello)).toEqual([[T.hello, 1, ["resume"], "g.1", key, 2, 0, "gonet"]]);
    expect(await road.link.connect()).toBe(session);
    expect(road.states).toEqual(["connecting", "attached", "detached", "attached"]);
    await road.link.close();
  });

  test("begins with short delays again after a link that held for a minute, and not after one that did not", async () => {
    const road = await Road.attached();
    const heldFor = async (ms: number): Promise<number> => {
      for (let left = ms; left > 0; left -= 10_000) {
        await pass(Math.min(left, 10_000), 10_000);
        road.line.send([T.pong, 0]);
        await road.line.quiet();
      }
      const cut = performance.now();
      road.line.link.cut();
      for (const count = road.attempts.length; road.attempts.length === count; ) await pass(100);
      return performance.now() - cut;
    };
    expect(await heldFor(1000)).toBeLessThan(200);
    await road.answer(2);
    expect(await heldFor(1000)).toBeGreaterThan(400);
    await road.answer(3);
    expect(await heldFor(1000)).toBeGreaterThan(900);
    await road.answer(4);
    expect(await heldFor(60_000)).toBeLessThan(200);
    await road.answer(5);
    await road.link.close();
  });

  test("gives an attempt up that is not answered in 10 s", async () => {
    const road = await Road.attached();
    road.isSilent = true;
    road.line.link.cut();
    await pass(11_000);
    expect(road.attempts.length).toBe(2);
    road.isSilent = false;
    await pass(12_000);
    await road.answer(2);
    expect(road.link.status.state).toBe("attached");
    await road.link.close();
  });

  test.each([
    ["token", 4401],
    ["origin", 4403],
    ["host", 4403],
  ])("a refusal for the %s ends the session at once", async (reason, code) => {
    const road = await Road.attached();
    road.refuse = new GatewayError("the gateway refused", "GONET_AUTH", reason);
    road.line.link.cut();
    await pass(10);
    expect(road.attempts.length).toBe(1);
    expect(road.link.status.reason).toBe(`gonet: session ended: the gateway refused (${code})`);
  });

  test.each(["limit", "draining", "internal"])("one for the %s does not", async (reason) => {
    const road = await Road.attached();
    road.refuse = new GatewayError("the gateway refused", "GONET_AUTH", reason);
    road.line.link.cut();
    await pass(5000);
    expect(road.link.status.state).toBe("detached");
    expect(road.attempts.length).toBeGreaterThan(3);
    await road.link.close();
  });

  test.each([
    [0, 5000],
    [0.999_999, 7500],
  ])("waits as long as it is told to, and up to half as long again (random %d)", async (random, ms) => {
    vi.spyOn(Math, "random").mockReturnValue(random);
    const road = await Road.attached();
    road.refuse = new GatewayError("the gateway refused", "GONET_AUTH", "limit", 5000);
    road.line.link.cut();
    await pass(4 * ms);
    expect(road.attempts.length).toBeGreaterThan(2);
    for (const [i, at] of road.attempts.slice(1).entries()) {
      expect(Math.abs(at - (road.attempts[i] as number) - ms)).toBeLessThan(2 * stepMs);
    }
    await road.link.close();
  });

  test("N10: tries once more when the session is elsewhere, and believes it the second time", async () => {
    const road = await Road.attached();
    road.line.link.cut();
    await pass(1);
    await settle();
    road.line.send([T.goodbye, 4421, "session of another gateway"]);
    await road.line.quiet();
    expect(road.link.status.state).toBe("detached");
    expect(road.attempts).toHaveLength(2); // at once
    expect(road.gateways).toEqual([undefined, "g", "g"]);
    await settle();
    road.line.send([T.goodbye, 4421, "session of another gateway"]);
    await road.line.quiet();
    expect(road.link.status).toMatchObject({ state: "lost" });
    expect(road.link.status.reason).toMatch(/gone \(4404\)$/);
  });

  test("a gateway that goes down says when, and whoever watches is told", async () => {
    const road = await Road.attached();
    expect(road.link.status.endsAt).toBe(null);
    const seen: SessionStatus[] = [];
    road.link.watch((status) => seen.push(status));
    road.line.send([T.drain, 30_000]);
    await road.line.quiet();
    const endsAt = Date.now() + 30_000;
    expect(seen).toMatchObject([{ state: "attached", endsAt, givesUpAt: null }]);
    road.refuse = down;
    road.line.link.cut();
    await pass(1);
    expect(road.link.status).toMatchObject({ state: "detached", endsAt, givesUpAt: endsAt });
    await road.link.close();
    expect(road.link.status).toMatchObject({ state: "lost", endsAt: null });
  });

  test("close ends an attempt under way", async () => {
    const road = await Road.attached();
    road.isSilent = true;
    road.line.link.cut();
    await pass(10);
    await road.link.close();
    expect(road.link.status.state).toBe("lost");
  });
});

describe("a thousand clients", () => {
  // They do not know of each other, so they come in groups: many fake timers at once are slow.
  const groups = 20;
  const groupSize = 50;
  const awayMs = 5000;
  const backMs = 30_000;
  const longStepMs = 50;

  // comeBack has a group lose its gateway, and gives when each client was back. A gateway that was started anew knows none
  // of their sessions; whoever has lost one makes another at once.
  async function comeBack(random: Random): Promise<number[]> {
    vi.spyOn(Math, "random").mockImplementation(() => random.uint32() / 2 ** 32);
    const roads: Road[] = [];
    for (let i = 0; i < groupSize; i++) roads.push(await Road.attached());
    const gone = new Set(roads);
    const cutAt = performance.now();
    for (const road of roads) {
      road.link.watch(({ state }) => {
        if (state === "lost" && gone.has(road)) void road.link.connect();
      });
      road.refuse = down;
      road.line.link.cut();
    }
    await pass(awayMs, longStepMs);
    for (const road of roads) road.refuse = null;
    const backAt: number[] = [];
    for (let ms = awayMs; gone.size > 0 && ms < backMs; ms += longStepMs) {
      await pass(longStepMs, longStepMs);
      for (const road of gone) {
        const { line } = road;
        if (line.answered || line.got.length === 0) continue;
        line.answered = true;
        const sessionID = line.all(T.hello)[0]?.[3];
        if (sessionID !== null) line.send([T.goodbye, 4404, "no such session"]);
        else {
          line.send(welcome(1, 0));
          gone.delete(road);
          backAt.push(performance.now() - cutAt);
        }
      }
    }
    await settle();
    await settle();
    expect(roads.every((road) => road.link.status.state === "attached")).toBe(true);
    for (const road of roads) {
      expect(road.states.filter((state) => state === "lost")).toHaveLength(1);
      await road.link.close();
    }
    return backAt;
  }

  test("N09: of a gateway that was away come back over at least 5 s, at most 300 in a second, all within 30 s", {
    timeout: 60_000,
  }, async () => {
    const random = new Random(9);
    const backAt: number[] = [];
    for (let group = 0; group < groups; group++) backAt.push(...(await comeBack(random)));
    expect(backAt).toHaveLength(groups * groupSize);
    const spread = Math.max(...backAt) - Math.min(...backAt);
    const inSecond = (from: number) => backAt.filter((at) => at >= from && at < from + 1000).length;
    const most = Math.max(...backAt.map(inSecond));
    console.log(`back over ${(spread / 1000).toFixed(1)} s, at most ${most} in a second`);
    expect(spread).toBeGreaterThan(5000);
    expect(most).toBeLessThanOrEqual(300);
    expect(Math.max(...backAt)).toBeLessThan(backMs);
  });
});

describe("when the platform says that the network is back", () => {
  // page is what a page has that Node has not.
  function page(): { window: EventTarget; document: EventTarget & { visibilityState: string } } {
    const window = new EventTarget();
    const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
    vi.stubGlobal("addEventListener", window.addEventListener.bind(window));
    vi.stubGlobal("removeEventListener", window.removeEventListener.bind(window));
    vi.stubGlobal("document", document);
    return { window, document };
  }

  test.each([
    ["online", "window"],
    ["pageshow", "window"], // from the browser's cache of pages
    ["resume", "document"], // after it was frozen
  ] as const)("an attempt is made at once (%s)", async (event, where) => {
    const target = page()[where];
    const road = await Road.attached();
    road.refuse = down;
    road.line.link.cut();
    await pass(8_000);
    const before = road.attempts.length;
    road.refuse = null;
    target.dispatchEvent(new Event(event));
    target.dispatchEvent(new Event(event));
    expect(road.attempts.length).toBe(before + 1);
    await road.answer(2);
    expect(road.link.status.state).toBe("attached");
    await road.link.close();
  });

  test("a link that was kept is asked, and given up after 3 s", async () => {
    const { document } = page();
    const road = await Road.attached();
    document.dispatchEvent(new Event("visibilitychange"));
    const [, token] = await road.line.next(T.ping);
    road.line.send([T.pong, token]);
    await road.line.quiet();
    await pass(4000);
    expect(road.link.status.state).toBe("attached");
    document.visibilityState = "hidden";
    document.dispatchEvent(new Event("visibilitychange"));
    await road.line.quiet();
    expect(road.line.all(T.ping)).toHaveLength(1);
    document.visibilityState = "visible";
    document.dispatchEvent(new Event("visibilitychange"));
    await pass(3000);
    expect(road.states.at(-1)).toBe("detached");
    await road.link.close();
  });

  test("nobody listens any more when the session is over", async () => {
    const { window } = page();
    const road = await Road.attached();
    await road.link.close();
    window.dispatchEvent(new Event("online"));
    expect(road.attempts).toEqual([]);
    let called = 0;
    const end = onReturn(() => called++);
    window.dispatchEvent(new Event("online"));
    end();
    window.dispatchEvent(new Event("online"));
    expect(called).toBe(1);
  });
});
