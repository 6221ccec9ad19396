// A session and its second link: who may take it up, what is sent again, and what is not taken any more.

import { afterEach, describe, expect, test, vi } from "vitest";
import { RawLine, turns } from "../testing/rawpeer.js";
import { Random, testSeed } from "../testing/wirerandom.js";
import { Deadline } from "./deadline.js";
import { closeCode, PiecesError, type SessionError } from "./errors.js";
import { type Frame, frameType as T } from "./frame.js";
import { Greeting } from "./greeting.js";
import { resumeCap } from "./handshake.js";
import type { Limits } from "./limits.js";
import { headerOf, PacketWriter } from "./packets.js";
import { pair } from "./pair.js";
import { Session, type SessionOptions } from "./session.js";
import type { Stream } from "./stream.js";

const never = new Deadline();
const key = new Uint8Array(32).fill(7);

afterEach(() => {
  vi.useRealTimers();
});

async function failure(p: Promise<unknown>): Promise<unknown> {
  return p.then(
    () => expect.unreachable("it did not fail"),
    (err: unknown) => err,
  );
}

interface HelloParts {
  sessionID?: string | null;
  epoch?: number;
  received?: number;
  caps?: readonly string[];
}

// Gateway is a gateway's session behind a door; raw clients come to it.
class Gateway {
  readonly session: Session;
  readonly streams = new Map<number, Stream>();
  readonly opened: number[] = [];
  readonly called: string[] = [];
  readonly detached: number[] = [];

  constructor(limits: Partial<Limits> = {}) {
    this.session = new Session({
      role: "gateway",
      id: "g.1",
      gatewayID: "g",
      limits,
      resumeKey: key,
      handler: {
        open: (stream, op) => {
          this.opened.push(stream.id);
          this.streams.set(stream.id, stream);
          if (op === "wait") return;
          if (op === "packets") stream.isUnnumbered = true;
          stream.opened([]);
        },
        call: (_, op) => {
          this.called.push(op);
          return [op];
        },
      },
      onDetached: (_, code) => this.detached.push(code),
    });
  }

  // visit gives a new line to the gateway, which says hello at once.
  visit({ sessionID = "g.1", epoch = 1, received = 0, caps = [resumeCap] }: HelloParts): RawLine {
    const line = new RawLine();
    const greeting = new Greeting(line.link.a, {
      helloMs: 10_000,
      onHello: (_, at, said) => {
        if (said.sessionID === null) return this.session.begin(at, said);
        const code = this.session.resume(at, said);
        if (code !== null) greeting.refuse(code, "no");
      },
      onOver() {},
    });
    line.send([T.hello, 1, caps, sessionID, sessionID === null ? null : key, epoch, received, "raw"]);
    return line;
  }

  // begin is the first visit.
  async begin(): Promise<RawLine> {
    const line = this.visit({ sessionID: null });
    await line.next(T.welcome);
    return line;
  }
}

const data = (id: number, ...bytes: number[]): Frame => [T.data, id, Uint8Array.from(bytes)];

// keeping is a gateway whose session lost its link and keeps count writes of so many bytes, the i-th of them all i.
async function keeping(linkBuffer: number, count: number, bytes: number): Promise<Gateway> {
  const gateway = new Gateway({ linkBuffer });
  const first = await gateway.begin();
  first.send([T.open, 1, "test", []]);
  await first.next(T.opened);
  first.link.cut();
  const stream = gateway.streams.get(1) as Stream;
  for (let i = 0; i < count; i++) await stream.write(new Uint8Array(bytes).fill(i), never);
  return gateway;
}

describe("a gateway", () => {
  test("offers what the client can do too", async () => {
    const line = await new Gateway().begin();
    expect(line.all(T.welcome)[0]?.slice(0, 8)).toEqual([
      T.welcome,
      1,
      ["resume"],
      "g.1",
      key,
      1,
      0,
      120_000,
    ]);
    const without = new Gateway().visit({ sessionID: null, caps: ["other"] });
    expect((await without.next(T.welcome)).slice(0, 8)).toEqual([T.welcome, 1, [], "g.1", null, 1, 0, 0]);
  });

  test("without the offer, or without a key, ends the session with its link", async () => {
    const gateway = new Gateway();
    const line = gateway.visit({ sessionID: null, caps: [] });
    await line.next(T.welcome);
    line.link.cut();
    expect(gateway.session.reason).toMatchObject({ code: 1006 });
    expect((await gateway.visit({ epoch: 2 }).end()).code).toBe(closeCode.noSession);
  });

  test("sends again what the client does not have, after WELCOME and ACK, then new frames", async () => {
    const gateway = new Gateway();
    const first = await gateway.begin();
    first.send([T.open, 1, "test", []], data(1, 1, 2, 3));
    await first.next(T.opened);
    const stream = gateway.streams.get(1) as Stream;
    await stream.write(Uint8Array.of(10), never);
    await first.next(T.data);
    first.link.cut();
    expect([gateway.session.state, gateway.detached]).toEqual(["detached", [1006]]);
    await stream.write(Uint8Array.of(11), never); // taken, though there is no link
    const second = gateway.visit({ epoch: 2, received: 1 });
    await second.next(T.data);
    await stream.write(Uint8Array.of(12), never);
    await second.next(T.data);
    await second.next(T.data);
    expect(second.got).toEqual([
      [T.welcome, 1, ["resume"], "g.1", null, 2, 2, 120_000, expect.anything(), "g"],
      [T.ack, 2],
      data(1, 10),
      data(1, 11),
      data(1, 12),
    ]);
    expect(gateway.session.counts).toMatchObject({ resumes: 1, duplicateFrames: 0 });
  });

  test("acknowledges anew on every line", async () => {
    const gateway = new Gateway();
    const first = await gateway.begin();
    first.send([T.open, 1, "test", []]);
    await first.next(T.opened);
    const second = gateway.visit({ epoch: 2, received: 1 });
    await second.next(T.ack);
    second.send([T.ack, 1], [T.call, 1, 0, "x", []]);
    expect(await second.next(T.return)).toEqual([T.return, 1, ["x"], false]);
    expect(await second.next(T.ack)).toEqual([T.ack, 2]);
  });

  test("N03: what was opened when the link broke is opened once", async () => {
    const gateway = new Gateway();
    const first = await gateway.begin();
    first.send([T.open, 1, "wait", []], [T.call, 1, 0, "count", []]);
    await first.next(T.return);
    first.link.cut();
    gateway.streams.get(1)?.opened(["late"]);
    const second = gateway.visit({ epoch: 2, received: 0 });
    expect(await second.next(T.return)).toEqual([T.return, 1, ["count"], false]);
    expect(await second.next(T.opened)).toEqual([T.opened, 1, ["late"]]);
    expect([gateway.opened, gateway.called]).toEqual([[1], ["count"]]);
  });

  test("N04: a CLOSE whose answer was lost is answered again, and is done once", async () => {
    const gateway = new Gateway();
    const first = await gateway.begin();
    first.send([T.open, 1, "test", []]);
    await first.next(T.opened);
    gateway.streams.get(1)?.close();
    await first.next(T.close);
    first.send([T.close, 1]);
    await first.quiet();
    first.link.cut();
    expect(gateway.session.size).toBe(0);
    const second = gateway.visit({ epoch: 2, received: 1 });
    expect(await second.next(T.close)).toEqual([T.close, 1]);
    second.send([T.open, 3, "test", []]);
    await second.next(T.opened);
    expect(gateway.session.size).toBe(1);
  });

  test("N05: what the old link still brings is dropped and counted, and the old link is ended", async () => {
    const gateway = new Gateway();
    const first = await gateway.begin();
    first.send([T.open, 1, "test", []]);
    await first.next(T.opened);
    // The old link is alive for the gateway; the client is on another already, and sends what it sent on the old one again.
    const late = first.link.a.receiver;
    const second = gateway.visit({ epoch: 2, received: 1 });
    expect(await second.next(T.welcome)).toMatchObject({ 6: 1 });
    second.send(data(1, 1, 2));
    await second.quiet();
    const bytes = RawLine.bytes(data(1, 1, 2), data(1, 3));
    late?.onMessage(bytes);
    late?.onMessage(bytes);
    late?.onClose(1006, "");
    second.send(data(1, 3));
    await second.quiet();
    const got = new Uint8Array(10);
    expect(await gateway.streams.get(1)?.read(got, never)).toBe(3);
    expect(got.subarray(0, 3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(gateway.session.counts).toMatchObject({ supersededFrames: 2, duplicateFrames: 0 });
    expect(gateway.session.state).toBe("attached");
    expect((await first.end()).code).toBe(1006);
  });

  test("N05: reads how far it has come only when the old link can bring nothing more", async () => {
    const gateway = new Gateway();
    const first = await gateway.begin();
    const late = first.link.a.receiver;
    const second = gateway.visit({ epoch: 2, received: 0 });
    await second.next(T.welcome);
    late?.onMessage(RawLine.bytes([T.open, 1, "test", []]));
    await second.quiet();
    // What WELCOME said holds: the frame is the client's to send again.
    expect(second.all(T.welcome)).toMatchObject([{ 6: 0 }]);
    expect(gateway.opened).toEqual([]);
    second.send([T.open, 1, "test", []]);
    await second.next(T.opened);
    expect(gateway.opened).toEqual([1]);
  });

  test("N05: an end of the old link that drags on changes nothing", async () => {
    const gateway = new Gateway();
    const first = await gateway.begin();
    first.link.a.terminate = () => first.link.a.receiver?.onMessage(RawLine.bytes([T.open, 1, "test", []]));
    const second = gateway.visit({ epoch: 2, received: 0 });
    expect(await second.next(T.welcome)).toMatchObject({ 6: 0 });
    expect(gateway.opened).toEqual([]);
    expect(gateway.session.counts.supersededFrames).toBe(1);
  });

  test("N06: a WELCOME that was lost 20 times harms nothing", async () => {
    const gateway = new Gateway();
    const first = await gateway.begin();
    first.send([T.open, 1, "test", []]);
    await first.next(T.opened);
    first.link.cut();
    for (let epoch = 2; epoch < 22; epoch++) {
      const lost = gateway.visit({ epoch, received: 0 });
      lost.link.a.onSend = () => null;
      await turns(2);
      lost.link.cut();
    }
    const last = gateway.visit({ epoch: 22, received: 0 });
    expect(await last.next(T.opened)).toEqual([T.opened, 1, []]);
    last.send(data(1, 5));
    await last.quiet();
    expect(gateway.streams.get(1)?.readableBytes).toBe(1);
    expect(gateway.opened).toEqual([1]);
  });

  test("N07: of two with the same epoch one wins, and an older one is turned away", async () => {
    const gateway = new Gateway();
    (await gateway.begin()).link.cut();
    const lines = [gateway.visit({ epoch: 3 }), gateway.visit({ epoch: 3 }), gateway.visit({ epoch: 2 })];
    expect(await lines[0]?.next(T.welcome)).toMatchObject({ 5: 3 });
    expect(await lines[1]?.end()).toMatchObject({ code: closeCode.superseded });
    expect(await lines[2]?.end()).toMatchObject({ code: closeCode.superseded });
    lines[0]?.send([T.open, 1, "test", []]);
    expect(await lines[0]?.next(T.opened)).toEqual([T.opened, 1, []]);
  });

  test.each([
    ["never sent", 2],
    ["made, but on no link yet", 3],
  ])("a client that has what was %s is turned away, and the session stays", async (_, received) => {
    const gateway = new Gateway();
    const first = await gateway.begin();
    first.send([T.open, 1, "test", []]);
    await first.next(T.opened);
    first.link.cut();
    gateway.streams.get(1)?.fin();
    await turns(2);
    expect((await gateway.visit({ epoch: 2, received }).end()).code).toBe(closeCode.protocol);
    expect(await gateway.visit({ epoch: 3, received: 1 }).next(T.fin)).toEqual([T.fin, 1]);
  });

  test("a client that lacks what it has acknowledged is turned away", async () => {
    const gateway = new Gateway();
    const first = await gateway.begin();
    first.send([T.open, 1, "test", []]);
    await first.next(T.opened);
    first.send([T.ack, 1]);
    await first.quiet();
    first.link.cut();
    expect((await gateway.visit({ epoch: 2, received: 0 }).end()).code).toBe(closeCode.protocol);
    await gateway.visit({ epoch: 3, received: 1 }).next(T.welcome);
  });

  test("an ACK for what is not on this line yet ends the session", async () => {
    const gateway = await keeping(1000, 20, 500);
    const second = gateway.visit({ epoch: 2, received: 1 });
    second.link.a.held = true; // nothing leaves the link's buffer, so the rest waits
    second.send([T.ack, 20]);
    await second.quiet();
    expect(gateway.session.reason).toMatchObject({ code: closeCode.protocol });
  });

  test("what is sent again waits for room in the link, and what is new waits behind it", async () => {
    const linkBuffer = 10_000;
    const gateway = await keeping(linkBuffer, 100, 1000);
    const second = gateway.visit({ epoch: 2, received: 1 });
    second.link.a.held = true;
    await turns(10);
    expect(second.link.a.bufferedBytes()).toBeGreaterThan(linkBuffer / 2);
    expect(second.link.a.bufferedBytes()).toBeLessThan(linkBuffer + 2000);
    second.link.a.release();
    await second.quiet();
    const bytes = Buffer.concat(second.all(T.data).map(([, , payload]) => payload));
    expect(bytes.length).toBe(100_000);
    for (let i = 0; i < 100; i++) expect(bytes[i * 1000 + 999]).toBe(i);
  });

  test("what is kept leaves before the last words, though the link has no room for it", async () => {
    const gateway = await keeping(10_000, 100, 1000);
    const second = gateway.visit({ epoch: 2, received: 1 });
    second.link.a.held = true;
    await turns(10);
    gateway.session.close();
    second.link.a.release();
    await second.end();
    expect(second.all(T.data).reduce((sum, [, , payload]) => sum + payload.length, 0)).toBe(100_000);
    expect(second.got.at(-1)).toEqual([T.goodbye, closeCode.goodbye, ""]);
  });

  test("keeps no more without a link than with one", async () => {
    const replayBytes = 100_000;
    const gateway = new Gateway({ replayBytes });
    const first = await gateway.begin();
    first.send([T.open, 1, "test", []], [T.credit, 1, 4_000_000], [T.credit, 0, 8_000_000]);
    await first.next(T.opened);
    first.link.cut();
    const stream = gateway.streams.get(1) as Stream;
    const writing = stream.write(new Uint8Array(1_000_000), never);
    await turns(20);
    expect(gateway.session.keptBytes).toBeGreaterThan(replayBytes / 2);
    expect(gateway.session.keptBytes).toBeLessThan(replayBytes * 1.1);
    const second = gateway.visit({ epoch: 2, received: 1 });
    second.numbered = 1;
    second.autoAck = true;
    expect(await writing).toBe(1_000_000);
    await second.quiet();
    expect(second.all(T.data).reduce((n, [, , payload]) => n + payload.length, 0)).toBe(1_000_000);
  });

  test("a client that takes the session up again and again, and acknowledges nothing, is ended", async () => {
    const gateway = new Gateway({ controlBytes: 2000 });
    let line = await gateway.begin();
    let call = 1;
    for (let epoch = 2; epoch < 200 && gateway.session.state !== "over"; epoch++) {
      for (let i = 0; i < 20; i++) line.send([T.call, call++, 0, "x", []]);
      await turns(3);
      line = gateway.visit({ epoch, received: 0 });
      await turns(3);
    }
    expect(gateway.session.reason).toMatchObject({ code: closeCode.tooMuch });
  });

  test.each([1000, 1003, 1009, 4000, 4401])(
    "a link that ends with %i takes the session along",
    async (code) => {
      const gateway = new Gateway();
      const line = await gateway.begin();
      line.link.a.ended(code, "");
      expect(gateway.session.state).toBe("over");
      line.link.cut();
    },
  );

  test.each([1001, 1005, 1006, 1011, 1012])("a link that ends with %i does not", async (code) => {
    const gateway = new Gateway();
    const line = await gateway.begin();
    line.link.a.ended(code, "");
    expect([gateway.session.state, gateway.detached]).toEqual(["detached", [code]]);
  });

  test("GOODBYE ends it at once", async () => {
    const gateway = new Gateway();
    const line = await gateway.begin();
    line.send([T.goodbye, 1000, ""]);
    await line.quiet();
    expect(gateway.session.state).toBe("over");
  });

  test("a link gone silent is given up after 45 s, the session is not", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const gateway = new Gateway();
    const line = await gateway.begin();
    vi.advanceTimersByTime(44_900);
    expect(gateway.session.state).toBe("attached");
    vi.advanceTimersByTime(200);
    expect([gateway.session.state, gateway.detached]).toEqual(["detached", [1006]]);
    await line.end();
    expect(vi.getTimerCount()).toBe(0);
  });
});

// Client is a client's session; the raw gateway is on the other side of each of its lines.
class Client {
  readonly session: Session;
  readonly events: string[] = [];

  constructor(options: Partial<SessionOptions> = {}) {
    this.session = new Session({
      role: "client",
      resume: true,
      onAttached: () => this.events.push("attached"),
      onDetached: (_, code) => this.events.push(`detached ${code}`),
      onOver: (_, reason) => this.events.push(`over ${reason.code}`),
      ...options,
    });
  }

  // line gives the session a link and waits for its HELLO.
  async line(): Promise<RawLine> {
    const line = new RawLine();
    this.session.attach(line.link.a);
    await line.next(T.hello);
    return line;
  }

  static async attached(): Promise<{ client: Client; line: RawLine; stream: Stream }> {
    const client = new Client();
    const line = await client.line();
    line.send([T.welcome, 1, ["resume"], "g.1", key, 1, 0, 60_000, [], "g"]);
    const opening = client.session.open("test", []);
    await line.next(T.open);
    line.send([T.opened, 1, []]);
    await opening.answer;
    return { client, line, stream: opening.stream };
  }
}

const welcomeBack = (epoch: number, received: number): Frame => [
  T.welcome,
  1,
  ["resume"],
  "g.1",
  null,
  epoch,
  received,
  60_000,
  [],
  "g",
];

describe("a client", () => {
  test("says that it can, and takes up what it was given", async () => {
    const { client, line } = await Client.attached();
    expect(line.all(T.hello)).toEqual([[T.hello, 1, ["resume"], null, null, 1, 0, ""]]);
    expect([client.session.graceMs, client.session.canResume]).toEqual([60_000, true]);
    line.link.cut();
    const second = await client.line();
    expect(second.got).toEqual([[T.hello, 1, ["resume"], "g.1", key, 2, 1, ""]]);
    expect(client.events).toEqual(["attached", "detached 1006"]);
    second.send(welcomeBack(2, 1));
    expect(await second.next(T.ack)).toEqual([T.ack, 1]);
    expect(client.events).toEqual(["attached", "detached 1006", "attached"]);
  });

  test.each([
    ["the gateway does not offer it", [T.welcome, 1, [], "s", null, 1, 0, 0, [], "g"]],
    ["it has no key", [T.welcome, 1, ["resume"], "s", null, 1, 0, 0, [], "g"]],
  ] as const)("loses the session with its link if %s", async (_, welcome) => {
    const client = new Client();
    const line = await client.line();
    line.send(welcome);
    await turns(4);
    line.link.cut();
    expect(client.events).toEqual(["attached", "over 1006"]);
    expect(() => client.session.attach(pair().a)).not.toThrow(); // it is closed at once
  });

  test("sends again what the gateway does not have, after ACK, then new frames", async () => {
    const { client, line, stream } = await Client.attached();
    await stream.write(Uint8Array.of(1), never);
    await line.next(T.data);
    line.link.cut();
    await stream.write(Uint8Array.of(2), never);
    stream.fin();
    const second = await client.line();
    second.send(welcomeBack(2, 1), data(1, 9));
    await second.next(T.fin);
    expect(second.got.slice(1)).toEqual([[T.ack, 1], data(1, 1), data(1, 2), [T.fin, 1]]);
    const got = new Uint8Array(4);
    expect(await stream.read(got, never)).toBe(1);
  });

  test("drops what comes late over the old line", async () => {
    const { client, line, stream } = await Client.attached();
    const late = line.link.a.receiver;
    const second = await client.line(); // the page moved to another network; the old link seems alive
    late?.onMessage(RawLine.bytes(data(1, 1, 2)));
    second.send(welcomeBack(2, 1), data(1, 1, 2));
    await second.quiet();
    late?.onMessage(RawLine.bytes(data(1, 1, 2)));
    const got = new Uint8Array(8);
    expect(await stream.read(got, never)).toBe(2);
    expect(stream.readableBytes).toBe(0);
    expect(client.session.counts.supersededFrames).toBe(2);
  });

  test("counts its attempts up, also those that came to nothing", async () => {
    const { client, line } = await Client.attached();
    line.link.cut();
    for (let epoch = 2; epoch < 8; epoch++) {
      const lost = await client.line();
      expect(lost.all(T.hello)).toMatchObject([{ 5: epoch }]);
      lost.link.cut();
    }
    const last = await client.line();
    last.send(welcomeBack(8, 1));
    await last.next(T.ack);
    expect(client.session.state).toBe("attached");
  });

  test("gives an attempt up that is not answered, and may make another", async () => {
    const { client, line } = await Client.attached();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    line.link.cut();
    await client.line();
    vi.advanceTimersByTime(10_000);
    expect(client.events.slice(-2)).toEqual(["detached 1006", "detached 4408"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([4400, 4401, 4403, 4404, 4409])("an attempt answered with %i ends the session", async (code) => {
    const { client, line, stream } = await Client.attached();
    line.link.cut();
    (await client.line()).send([T.goodbye, code, "why"]);
    const err = await failure(stream.read(new Uint8Array(1), never));
    expect(err).toMatchObject({ pieces: ["errno", "", "ECONNRESET", ["session", code, "why"]] });
    expect(client.session.reason).toMatchObject({ code });
  });

  test.each([1006, 4408, 4421, 4500, 4503])("one that ends with %i does not", async (code) => {
    const { client, line } = await Client.attached();
    line.link.cut();
    (await client.line()).link.a.ended(code, "");
    expect([client.session.state, client.events.at(-1)]).toEqual(["detached", `detached ${code}`]);
  });

  test.each([
    ["another session", [T.welcome, 1, ["resume"], "g.2", null, 2, 1, 0, [], "g"], "bad field"],
    ["another attempt", welcomeBack(1, 1), "bad field"],
    ["what was never sent", welcomeBack(2, 2), "bad ack"],
  ] as const)("a WELCOME to %s is refused", async (_, welcome, reason) => {
    const { client, line } = await Client.attached();
    line.link.cut();
    const second = await client.line();
    second.send(welcome as Frame);
    expect(await second.end()).toEqual({ code: closeCode.protocol, reason });
    expect(client.session.state).toBe("over");
  });

  test("a WELCOME that takes an ACK back is refused", async () => {
    const { client, line } = await Client.attached();
    line.send([T.ack, 1]);
    await line.quiet();
    line.link.cut();
    const second = await client.line();
    second.send(welcomeBack(2, 0));
    expect(await second.end()).toEqual({ code: closeCode.protocol, reason: "bad ack" });
  });

  test("while detached: writes are taken within credit, then wait; a deadline ends the wait", async () => {
    const { client, line, stream } = await Client.attached();
    line.link.cut();
    const window = client.session.limits.streamWindow;
    expect(await stream.write(new Uint8Array(window), never)).toBe(window);
    const deadline = new Deadline();
    const writing = failure(stream.write(new Uint8Array(1), deadline));
    deadline.set(Date.now() - 1);
    expect(await writing).toMatchObject({ name: "DeadlineError", n: 0 });
    const reading = failure(stream.read(new Uint8Array(1), deadline));
    expect(await reading).toMatchObject({ name: "DeadlineError" });
  });

  test("while detached: an OPEN waits; canceled, it is canceled there too, and what was opened is closed", async () => {
    const { client, line } = await Client.attached();
    line.link.cut();
    const opening = client.session.open("dial", []);
    await turns(1);
    opening.cancel();
    expect(await failure(opening.answer)).toBeInstanceOf(PiecesError);
    const second = await client.line();
    second.send(welcomeBack(2, 1));
    expect(await second.next(T.open)).toEqual([T.open, 3, "dial", []]);
    expect(await second.next(T.cancel)).toEqual([T.cancel, 3]);
    second.send([T.opened, 3, []]);
    expect(await second.next(T.close)).toEqual([T.close, 3]);
  });

  test("what never left is told from what may have been done, when the session is lost", async () => {
    const { client, line } = await Client.attached();
    const sent = client.session.open("dial", []);
    await line.next(T.open);
    line.link.cut();
    const unsent = client.session.open("dial", []);
    const behind = Array.from({ length: 300 }, () => failure(client.session.open("dial", []).answer));
    await turns(1);
    client.session.close(closeCode.noSession, "gone");
    expect(await failure(sent.answer)).toMatchObject({ code: 4404, isUnsent: false });
    expect(await failure(unsent.answer)).toMatchObject({ code: 4404, isUnsent: true });
    for (const err of await Promise.all(behind)) expect((err as SessionError).isUnsent).toBe(true);
  });

  test("a probe that is not answered in 3 s gives the link up", async () => {
    const { client, line } = await Client.attached();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    client.session.probe();
    const [, token] = await line.next(T.ping);
    line.send([T.pong, token]);
    await line.quiet();
    vi.advanceTimersByTime(5_000);
    expect(client.session.state).toBe("attached");
    client.session.probe();
    vi.advanceTimersByTime(3_000);
    expect(client.session.state).toBe("detached");
  });
});

describe("memory that is used again", () => {
  test("is not, before the peer has what was in it: 16 MiB over 40 links", async () => {
    const seed = testSeed("links");
    const random = new Random(seed);
    const far: Stream[] = [];
    const gateway = new Session({
      role: "gateway",
      id: "g.1",
      resumeKey: key,
      handler: {
        open(stream) {
          far.push(stream);
          stream.opened([]);
        },
        call: () => [],
      },
    });
    let links = 0;
    let left = 0;
    const dial = () => {
      const link = pair({ defer: setImmediate });
      Object.assign(link.a, { copies: true });
      left = 100_000 + random.below(700_000);
      links++;
      link.a.onSend = (message) => {
        left -= message.length;
        if (left < 0 && links < 40) {
          setImmediate(() => link.cut());
          return null; // what was sent last is lost
        }
        return message.slice();
      };
      const greeting = new Greeting(link.b, {
        helloMs: 10_000,
        onHello(_, line, said) {
          if (said.sessionID === null) return gateway.begin(line, said);
          const code = gateway.resume(line, said);
          if (code !== null) greeting.refuse(code, "no");
        },
        onOver() {},
      });
      client.attach(link.a);
    };
    const client = new Session({ role: "client", resume: true, onDetached: () => void setImmediate(dial) });
    dial();
    const { stream, answer } = client.open("test", []);
    await answer;
    const piece = 128 * 1024;
    const count = 128;
    const writing = (async () => {
      for (let i = 0; i < count; i++) await stream.write(new Uint8Array(piece).fill(i), never);
    })();
    const b = new Uint8Array(piece);
    for (let i = 0; i < count; i++) {
      for (let n = 0; n < piece; ) n += await (far[0] as Stream).read(b.subarray(n), never);
      expect(Buffer.compare(b, new Uint8Array(piece).fill(i))).toBe(0);
    }
    await writing;
    expect(links).toBeGreaterThan(20);
    client.close();
  });
});

describe("packets", () => {
  const packet = (offset: number, n: number): Uint8Array =>
    Buffer.concat([headerOf(offset, 0, null, new Uint8Array()), new Uint8Array(n)]);
  const headerBytes = packet(0, 0).length;

  test("sends without a link are dropped and counted; what was under way is no error", async () => {
    const { client, line, stream } = await Client.attached();
    stream.isUnnumbered = true;
    const writer = new PacketWriter(stream);
    const empty = { flags: 0, address: null, oob: new Uint8Array(), data: new Uint8Array(10) };
    const underWay = writer.write(empty, T.dgram, never);
    await line.next(T.dgram);
    line.link.cut();
    await underWay;
    await writer.write(empty, T.dgram, never);
    await writer.write(empty, T.dgram, never);
    expect(client.session.counts.droppedPackets).toBe(2);
    const second = await client.line();
    second.send(welcomeBack(2, 1));
    await second.next(T.ack);
    const after = writer.write(empty, T.dgram, never);
    const [, , payload] = await second.next(T.dgram);
    const offset = headerBytes + 10; // the one that was under way
    expect(new DataView(payload.buffer, payload.byteOffset).getUint32(4)).toBe(offset);
    second.send([T.sent, 1, offset, null]);
    await after;
  });

  test("credit that was lost with a link comes back with the first packet after it", async () => {
    const streamWindow = 10_000;
    const gateway = new Gateway({ streamWindow });
    const first = await gateway.begin();
    first.send([T.open, 1, "packets", []]);
    await first.next(T.opened);
    const stream = gateway.streams.get(1) as Stream;
    // The client has used its credit up, and all of it was lost. Its next packet says so.
    first.link.cut();
    const second = gateway.visit({ epoch: 2, received: 1 });
    await second.next(T.ack);
    const lost = streamWindow + 500;
    second.send([T.dgram, 1, packet(lost, 100)]);
    await second.quiet();
    expect(stream.readableBytes).toBe(headerBytes + 100);
    expect(gateway.session.counts.lostPacketBytes).toBe(lost);
    expect(await second.next(T.credit)).toEqual([T.credit, 1, lost + streamWindow]);
  });

  test("the second packet after it needs credit again", async () => {
    const streamWindow = 10_000;
    const gateway = new Gateway({ streamWindow });
    const first = await gateway.begin();
    first.send([T.open, 1, "packets", []]);
    await first.next(T.opened);
    first.send([T.dgram, 1, packet(0, streamWindow)]);
    await first.quiet();
    first.link.cut();
    const second = gateway.visit({ epoch: 2, received: 1 });
    const at = headerBytes + streamWindow;
    second.send([T.dgram, 1, packet(at, 100)]);
    await second.quiet();
    // Nothing was lost, and nobody has read: there is no room. The sender could not know.
    expect(gateway.streams.get(1)?.readableBytes).toBe(at);
    expect(second.all(T.sent)).toEqual([[T.sent, 1, at, ["errno", "", "ENOBUFS"]]]);
    second.send([T.dgram, 1, packet(at + headerBytes + 100, 100)]);
    expect(await second.end()).toEqual({ code: closeCode.protocol, reason: "flow control" });
  });

  test("an offset that no credit could explain is refused", async () => {
    const gateway = new Gateway();
    const first = await gateway.begin();
    first.send([T.open, 1, "packets", []]);
    await first.next(T.opened);
    first.link.cut();
    const second = gateway.visit({ epoch: 2, received: 1 });
    second.send([T.dgram, 1, packet(2 ** 40, 1)]);
    expect(await second.end()).toEqual({ code: closeCode.protocol, reason: "flow control" });
  });

  test("a gateway without credit sends one packet after a link was lost, so that the client learns what is missing", async () => {
    const streamWindow = 1000;
    const gateway = new Gateway({ streamWindow });
    const first = await gateway.begin();
    first.send([T.open, 1, "packets", []]);
    await first.next(T.opened);
    const stream = gateway.streams.get(1) as Stream;
    const made = [packet(0, streamWindow), packet(headerBytes + streamWindow, 5), packet(0, 5)];
    stream.source = {
      pulled: T.dgram,
      pull: () => {
        const next = made.shift();
        return next === undefined ? null : Buffer.concat([new Uint8Array(12), next]);
      },
    };
    stream.ready();
    await first.next(T.dgram);
    await first.quiet();
    expect(made).toHaveLength(2);
    first.link.cut();
    const second = gateway.visit({ epoch: 2, received: 1 });
    await second.next(T.dgram);
    await second.quiet();
    expect(made).toHaveLength(1);
    second.send([T.credit, 1, 5000]);
    await second.next(T.dgram);
  });
});
