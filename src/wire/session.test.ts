import { afterEach, describe, expect, test, vi } from "vitest";
import { turns } from "../testing/rawpeer.js";
import { wirePair } from "../testing/wirepair.js";
import { Deadline } from "./deadline.js";
import { ClosedError, closeCode, PiecesError, RefusedError, SessionError } from "./errors.js";
import { pair } from "./pair.js";
import { type Handler, Session } from "./session.js";
import type { Stream } from "./stream.js";

const never = new Deadline();

afterEach(() => {
  vi.useRealTimers();
});

// handler makes a gateway's handler of the functions given.
function handler(of: Partial<Handler>): Handler {
  return {
    open(stream) {
      stream.opened([]);
    },
    call() {
      return [];
    },
    ...of,
  };
}

// failure waits for p to reject and gives the error.
async function failure(p: Promise<unknown>): Promise<unknown> {
  try {
    await p;
  } catch (err) {
    return err;
  }
  return expect.unreachable("it did not fail");
}

describe("handshake", () => {
  test("both sides are attached and know each other", async () => {
    const attached: string[] = [];
    const { client, gateway } = wirePair({
      limits: { streams: 7, streamWindow: 1000, sessionWindow: 5000 },
      client: { onAttached: () => attached.push("client") },
      gateway: { onAttached: () => attached.push("gateway") },
    });
    expect([client.state, gateway.state]).toEqual(["waiting", "waiting"]);
    await client.call("none", []).catch(() => {});
    expect([client.state, gateway.state]).toEqual(["attached", "attached"]);
    expect([client.id, client.gatewayID]).toEqual(["session", "gateway"]);
    expect(client.limits).toMatchObject({ streams: 7, streamWindow: 1000, sessionWindow: 5000 });
    expect(attached).toEqual(["gateway", "client"]);
  });

  test.each(["client", "gateway"] as const)("a %s that hears nothing gives up after 10 s", async (role) => {
    vi.useFakeTimers();
    const over: SessionError[] = [];
    const link = pair();
    const session = new Session({ role, onOver: (_, reason) => over.push(reason) });
    session.attach(link.a);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(session.state).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1);
    expect(session.state).toBe("over");
    expect(over.map((r) => r.code)).toEqual([closeCode.helloTimeout]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("what was asked before the answer goes out after it, within the gateway's windows", async () => {
    const { client, link, streams } = wirePair({ limits: { streamWindow: 100 } });
    const opening = client.open("test", []);
    expect(opening.stream.sendCredit).toBeGreaterThan(100);
    await opening.answer;
    expect(opening.stream.sendCredit).toBe(100);
    const writing = opening.stream.write(new Uint8Array(1000), never);
    await turns(6);
    expect(streams.get(1)?.readableBytes).toBe(100);
    link.cut();
    expect(await failure(writing)).toMatchObject({ n: 100 });
  });

  test("a session that is over closes a link that comes late", async () => {
    const session = new Session({ role: "client" });
    session.close();
    const link = pair();
    const closed = new Promise<number>((resolve) => {
      link.b.receiver = { onMessage() {}, onDrain() {}, onClose: resolve };
    });
    session.attach(link.a);
    expect(await closed).toBe(closeCode.goodbye);
  });

  test("a second link is a mistake of the caller", () => {
    const session = new Session({ role: "client" });
    session.attach(pair().a);
    expect(() => session.attach(pair().a)).toThrow(TypeError);
    session.close();
  });

  test("a window beyond what the protocol can count is a mistake of the caller", () => {
    expect(() => new Session({ role: "gateway", limits: { streamWindow: 16 * 2 ** 20 + 1 } })).toThrow(
      RangeError,
    );
    expect(() => new Session({ role: "gateway", limits: { sessionWindow: 0 } })).toThrow(RangeError);
    expect(() => new Session({ role: "gateway", limits: { sessionWindow: 1.5 } })).toThrow(RangeError);
  });
});

describe("open", () => {
  test("is answered with opened, its op, arguments and result unchanged", async () => {
    const asked: unknown[] = [];
    const { client } = wirePair({
      handler: handler({
        open(stream, op, args) {
          asked.push([stream.id, op, args]);
          stream.opened(["local", new Uint8Array([1, 2])]);
        },
      }),
    });
    const first = client.open("dial", ["tcp", [4, new Uint8Array([127, 0, 0, 1]), 80]]);
    expect(await first.answer).toEqual(["local", new Uint8Array([1, 2])]);
    await client.open("dial", []).answer;
    expect(asked).toEqual([
      [1, "dial", ["tcp", [4, new Uint8Array([127, 0, 0, 1]), 80]]],
      [3, "dial", []],
    ]);
    expect(client.size).toBe(2);
  });

  test("is answered with refused, and the id is gone at both ends", async () => {
    const { client, gateway } = wirePair({
      handler: handler({
        open(stream) {
          stream.refused(["errno", "connect", "ECONNREFUSED"], null, [4, new Uint8Array(4), 1]);
        },
      }),
    });
    const opening = client.open("dial", []);
    const err = await failure(opening.answer);
    expect(err).toBeInstanceOf(RefusedError);
    expect(err).toMatchObject({
      pieces: ["errno", "connect", "ECONNREFUSED"],
      source: null,
      addr: [4, new Uint8Array(4), 1],
    });
    expect(opening.stream.state).toBe("closed");
    expect([client.size, gateway.size]).toEqual([0, 0]);
  });

  test("an answer too large for a frame becomes EMSGSIZE", async () => {
    const { client } = wirePair({
      handler: handler({
        open(stream, _, [name]) {
          stream.refused(["dns", "no such host", name, "server", 4], null, null);
        },
      }),
    });
    const longest = "a".repeat(16_360);
    expect(await failure(client.open("d", [longest]).answer)).toMatchObject({
      pieces: ["errno", "", "EMSGSIZE"],
    });
    expect(client.state).toBe("attached");
  });

  test("a question too large for a frame rejects, and the next id is used", async () => {
    const { client, gateway } = wirePair();
    expect(await failure(client.open("d", ["a".repeat(17_000)]).answer)).toBeInstanceOf(RangeError);
    expect(client.size).toBe(0);
    await client.open("d", []).answer;
    expect(gateway.size).toBe(1);
  });

  test("one more than the limit of streams is refused with EMFILE, and closing one makes room", async () => {
    const { client, streams, open } = wirePair({ limits: { streams: 3 } });
    const { near, far } = await open();
    await open();
    await open();
    expect(await failure(client.open("test", []).answer)).toMatchObject({
      pieces: ["errno", "socket", "EMFILE", ["limit", "streams"]],
    });
    far.onReadable = () => far.close();
    near.close();
    await open();
    expect(streams.size).toBe(4);
  });

  test("cancel before the answer: the gateway hears it and refuses", async () => {
    const canceled: number[] = [];
    const { client, gateway } = wirePair({
      handler: handler({
        open(stream) {
          stream.onCancel = () => {
            canceled.push(stream.id);
            stream.refused(["canceled"], null, null);
          };
        },
      }),
    });
    const opening = client.open("dial", []);
    await turns(10);
    opening.cancel();
    opening.cancel();
    expect(await failure(opening.answer)).toMatchObject({ pieces: ["canceled"] });
    await turns(10);
    expect(canceled).toEqual([1]);
    expect([client.size, gateway.size]).toEqual([0, 0]);
  });

  test("cancel that crosses opened: the socket is closed again", async () => {
    let far: Stream | undefined;
    const { client, gateway } = wirePair({
      handler: handler({
        open(stream) {
          far = stream;
          stream.onReadable = () => stream.close();
          stream.onCancel = () => expect.unreachable("the answer was given");
          stream.opened([]);
        },
      }),
    });
    const opening = client.open("dial", []);
    while (far === undefined) await turns(1);
    opening.cancel(); // OPENED is on its way
    expect(await failure(opening.answer)).toMatchObject({ pieces: ["canceled"] });
    await turns(10);
    expect((far as Stream).state).toBe("closed");
    expect(opening.stream.state).toBe("closed");
    expect([client.size, gateway.size]).toEqual([0, 0]);
  });

  test("cancel that crosses refused changes nothing", async () => {
    let asked = false;
    const { client } = wirePair({
      handler: handler({
        open(stream) {
          asked = true;
          stream.refused(["timeout"], null, null);
        },
      }),
    });
    const opening = client.open("dial", []);
    while (!asked) await turns(1);
    opening.cancel();
    expect(await failure(opening.answer)).toMatchObject({ pieces: ["canceled"] });
    await turns(10);
    expect([client.state, client.size]).toEqual(["attached", 0]);
    opening.cancel();
  });

  test("ten thousand at once: 256 are under way, all are answered, the session lives", async () => {
    let now = 0;
    let most = 0;
    const { client } = wirePair({
      handler: handler({
        open(stream) {
          most = Math.max(most, ++now);
          setImmediate(() => {
            now--;
            stream.refused(["errno", "connect", "ECONNREFUSED"], null, [6, new Uint8Array(16), 80, ""]);
          });
        },
      }),
    });
    const answers = Array.from({ length: 10_000 }, () =>
      failure(client.open("dial", ["x".repeat(200)]).answer),
    );
    const errs = await Promise.all(answers);
    expect(errs.every((err) => err instanceof RefusedError)).toBe(true);
    expect(most).toBe(256);
    expect(client.size).toBe(0);
  });

  test("cancel of one that waits for its turn never reaches the gateway", async () => {
    const asked: Stream[] = [];
    const { client } = wirePair({ handler: handler({ open: (stream) => void asked.push(stream) }) });
    const openings = Array.from({ length: 300 }, () => client.open("dial", []));
    const answers = openings.map(({ answer }) =>
      answer.then(
        () => "opened",
        (err: PiecesError) => err.pieces[0],
      ),
    );
    await turns(10);
    expect(asked).toHaveLength(256);
    openings[299]?.cancel();
    expect(await answers[299]).toBe("canceled");
    let answered = 0;
    while (answered < 299) {
      asked[answered++]?.opened([]);
      if (answered === asked.length) await turns(6);
    }
    expect(new Set(await Promise.all(answers.slice(0, 299)))).toEqual(new Set(["opened"]));
    expect(asked).toHaveLength(299);
    expect(client.size).toBe(299);
  });
});

describe("accept", () => {
  async function listener(options: Parameters<typeof wirePair>[0] = {}) {
    const wires = wirePair(options);
    const { near, far } = await wires.open();
    const got: Stream[] = [];
    far.becomeListener(() => {});
    near.becomeListener((stream) => got.push(stream));
    return { ...wires, near, far, got };
  }

  test("a new listener has credit 0, and gets what is granted", async () => {
    const { near, far, got } = await listener();
    expect(far.credit).toBe(0);
    let notices = 0;
    far.onWritable = () => notices++;
    near.grant(2);
    await turns(6);
    expect([far.credit, notices]).toEqual([2, 1]);
    near.grant(1);
    await turns(6);
    expect(far.credit).toBe(2);
    const first = far.accepted(["l", "r"]);
    const second = far.accepted([]);
    await turns(6);
    expect([first.id, second.id]).toEqual([2, 4]);
    expect(got.map((s) => s.id)).toEqual([2, 4]);
  });

  test("an accepted stream carries data both ways", async () => {
    const { near, far, got } = await listener();
    near.grant(1);
    await turns(6);
    const conn = far.accepted([]);
    await turns(6);
    await got[0]?.write(new Uint8Array([1, 2, 3]), never);
    const b = new Uint8Array(10);
    expect(await conn.read(b, never)).toBe(3);
    await conn.write(new Uint8Array([9]), never);
    expect(await got[0]?.read(b, never)).toBe(1);
    expect(b[0]).toBe(9);
  });

  test("credit granted while the listener is still opening is sent when it is open", async () => {
    let far: Stream | undefined;
    const { client } = wirePair({
      handler: handler({
        open(stream) {
          far = stream;
          stream.becomeListener(() => {});
        },
      }),
    });
    const opening = client.open("listen", []);
    opening.stream.becomeListener(() => {});
    opening.stream.grant(5);
    while (far === undefined) await turns(1);
    await turns(4);
    expect((far as Stream).credit).toBe(0);
    (far as Stream).opened([]);
    await opening.answer;
    await turns(4);
    expect((far as Stream).credit).toBe(5);
  });

  test("a connection that crosses the listener's close is closed", async () => {
    const { near, far, got, client, gateway } = await listener();
    near.grant(8);
    await turns(6);
    far.onReadable = () => {
      if (far.peerClosed) far.close();
    };
    near.close();
    const late = far.accepted([]);
    late.onReadable = () => late.close();
    await turns(10);
    expect(got).toEqual([]);
    expect(late.state).toBe("closed");
    expect([client.size, gateway.size]).toEqual([0, 0]);
  });
});

describe("call", () => {
  const calls = handler({
    call(stream, op, args) {
      switch (op) {
        case "echo":
          return args;
        case "later":
          return new Promise((resolve) => setImmediate(() => resolve(args)));
        case "id":
          return [stream?.id ?? null];
        case "many":
          return Array.from({ length: args[0] as number }, (_, i) => i);
        case "large":
          return Array.from({ length: args[0] as number }, () => "x".repeat(args[1] as number));
        case "throw":
          throw new PiecesError(["network", "tcp5"]);
        case "reject":
          return Promise.reject(new PiecesError(["dns", "no such host", ...args, "", 4]));
        case "bug":
          throw new Error("secret of the gateway");
        default:
          return Promise.reject(new Error("secret of the gateway"));
      }
    },
  });

  test("is answered, at once or later", async () => {
    const { client } = wirePair({ handler: calls });
    expect(await client.call("echo", [1, "a", null, [new Uint8Array([7])]])).toEqual([
      1,
      "a",
      null,
      [new Uint8Array([7])],
    ]);
    expect(await client.call("later", ["x"])).toEqual(["x"]);
    expect(await client.call("id", [])).toEqual([null]);
    const opening = client.open("test", []);
    await opening.answer;
    expect(await client.call("id", [], opening.stream)).toEqual([1]);
  });

  test.each([0, 1, 31, 32, 33, 64, 1000])("a list of %i items comes whole", async (n) => {
    const { client } = wirePair({ handler: calls });
    expect(await client.call("many", [n])).toEqual(Array.from({ length: n }, (_, i) => i));
  });

  test("items so large that few fit a frame come whole", async () => {
    const { client } = wirePair({ handler: calls });
    for (const [n, size] of [
      [60, 1000],
      [8, 8000],
      [4, 16_000],
    ] as const) {
      const got = await client.call("large", [n, size]);
      expect(got.map((s) => (s as string).length)).toEqual(new Array(n).fill(size));
    }
  });

  test("a result that cannot cross is EMSGSIZE, and the session lives", async () => {
    const { client } = wirePair({ handler: calls });
    const tooLarge = { pieces: ["errno", "", "EMSGSIZE"] };
    expect(await failure(client.call("large", [1, 17_000]))).toMatchObject(tooLarge);
    expect(await failure(client.call("large", [100, 1000]))).toMatchObject(tooLarge);
    expect(await failure(client.call("reject", ["a".repeat(16_360)]))).toMatchObject(tooLarge);
    expect(client.state).toBe("attached");
  });

  test("large results that wait for their ACK are bounded: some are refused, none is lost", async () => {
    const { client } = wirePair({ handler: calls });
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => client.call("large", [50, 1000])),
    );
    expect(answers.filter((a) => a.status === "fulfilled").length).toBeGreaterThan(1);
    for (const a of answers) {
      if (a.status === "rejected")
        expect(a.reason).toMatchObject({ pieces: ["errno", "", "ENOBUFS", expect.anything()] });
    }
    await turns(10);
    expect(await client.call("large", [50, 1000])).toHaveLength(50);
  });

  test("an error comes in pieces", async () => {
    const { client } = wirePair({ handler: calls });
    const err = await failure(client.call("throw", []));
    expect(err).toBeInstanceOf(PiecesError);
    expect(err).toMatchObject({ pieces: ["network", "tcp5"] });
    expect(await failure(client.call("reject", ["h"]))).toMatchObject({
      pieces: ["dns", "no such host", "h", "", 4],
    });
  });

  test.each(["bug", "rejected bug"])("an error of the gateway's own ends this session (%s)", async (op) => {
    const over: SessionError[] = [];
    const { client, gateway } = wirePair({ handler: calls, gateway: { onOver: (_, r) => over.push(r) } });
    const err = await failure(client.call(op, []));
    expect(err).toMatchObject({ code: closeCode.internal });
    expect(String(err)).not.toContain("secret");
    expect(String(over[0]?.cause)).toContain("secret");
    expect(gateway.state).toBe("over");
  });

  test("a thousand at once: none is refused, for the client keeps within the limit", async () => {
    const { client } = wirePair({ handler: calls });
    const answers = await Promise.all(Array.from({ length: 1000 }, (_, i) => client.call("later", [i])));
    expect(answers).toEqual(Array.from({ length: 1000 }, (_, i) => [i]));
  });

  test("more than the limit at once are refused with EAGAIN", async () => {
    const { client } = wirePair({ handler: calls, limits: { calls: 2 } });
    const answers = await Promise.allSettled([1, 2, 3].map((i) => client.call("later", [i])));
    expect(answers.map((a) => a.status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect(answers[2]).toMatchObject({
      reason: { pieces: ["errno", "later", "EAGAIN", ["limit", "calls"]] },
    });
    expect(await client.call("later", [4])).toEqual([4]);
  });

  test("about a stream that was closed is a ClosedError, and nothing is sent", async () => {
    const { client, link } = wirePair({ handler: calls });
    const opening = client.open("test", []);
    await opening.answer;
    opening.stream.close();
    expect(await failure(client.call("id", [], opening.stream))).toBeInstanceOf(ClosedError);
    link.cut();
  });
});

describe("the end", () => {
  test("close is told to the peer, with its code and reason", async () => {
    const { client, gateway } = wirePair();
    await client.open("test", []).answer;
    gateway.close(closeCode.draining, "gateway closed");
    await turns(6);
    expect(gateway.reason).toMatchObject({ code: 4503 });
    expect(client.reason).toMatchObject({
      code: 4503,
      message: "gonet: session ended: gateway closed (4503)",
    });
    expect([client.size, gateway.size]).toEqual([0, 0]);
  });

  test("a long reason is cut to 40 characters", async () => {
    const { client, gateway } = wirePair();
    await client.open("test", []).answer;
    gateway.close(4500, "é".repeat(1000));
    await turns(6);
    expect(client.reason?.message).toBe(`gonet: session ended: ${"é".repeat(40)} (4500)`);
  });

  test("what was sent before close arrives", async () => {
    const { client, gateway, open, streams } = wirePair();
    const { near } = await open();
    await near.write(new Uint8Array(100_000), never);
    near.fin();
    client.close();
    await turns(6);
    expect(gateway.state).toBe("over");
    expect(streams.get(1)?.readableBytes).toBe(100_000);
    expect(streams.get(1)?.finReceived).toBe(true);
  });

  test("a link that breaks fails everything pending, once, and leaves no timer", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const over: string[] = [];
    const lost: number[] = [];
    const wires = wirePair({
      handler: handler({
        open(stream, op) {
          stream.onLost = () => lost.push(stream.id);
          if (op !== "pending") stream.opened([]);
        },
        call: () => new Promise(() => {}),
      }),
      client: { onOver: () => over.push("client") },
      gateway: { onOver: () => over.push("gateway") },
    });
    const { client, gateway, link } = wires;
    const settled: string[] = [];
    const note = (what: string) => (err: unknown) => settled.push(`${what} ${(err as Error).name}`);
    const open = client.open("test", []);
    await open.answer;
    const full = client.open("test", []);
    await full.answer;
    await full.stream.write(new Uint8Array(client.limits.streamWindow), never);
    const all = [
      client.open("pending", []).answer.catch(note("opening")),
      client.call("x", []).catch(note("call")),
      client.call("x", [], open.stream).catch(note("call")),
      open.stream.read(new Uint8Array(1), never).catch(note("read")),
      full.stream.write(new Uint8Array(1), never).catch(note("write")),
      ...Array.from({ length: 300 }, () => client.call("x", []).catch(() => settled.push("waiting"))),
    ];
    await turns(10);
    expect(settled).toEqual([]);
    link.cut();
    await Promise.all(all);
    expect(settled.filter((s) => s !== "waiting").sort()).toEqual([
      "call SessionError",
      "call SessionError",
      "opening SessionError",
      "read PiecesError",
      "write PiecesError",
    ]);
    expect(settled).toHaveLength(305);
    link.cut();
    client.close();
    gateway.close();
    expect(over.sort()).toEqual(["client", "gateway"]);
    expect(lost.sort()).toEqual([1, 3, 5]);
    expect([client.size, gateway.size]).toEqual([0, 0]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("afterwards: the error once, then end of file and EPIPE; new questions fail with the reason", async () => {
    const { client, link, open, streams } = wirePair();
    const { near, far } = await open();
    await far.write(new Uint8Array([1, 2, 3]), never);
    await turns(6);
    link.cut();
    const b = new Uint8Array(10);
    expect(await near.read(b, never)).toBe(3);
    expect(await failure(near.read(b, never))).toMatchObject({
      pieces: ["errno", "", "ECONNRESET", ["session", 1006, "cut"]],
    });
    expect(await near.read(b, never)).toBe(0);
    expect(await failure(near.write(b, never))).toMatchObject({ pieces: ["errno", "write", "EPIPE"] });
    near.close();
    expect(await failure(near.read(b, never))).toBeInstanceOf(ClosedError);
    expect(await failure(client.open("test", []).answer)).toBeInstanceOf(SessionError);
    expect(await failure(client.call("x", []))).toBeInstanceOf(SessionError);
    streams.get(1)?.close();
  });

  test("a close code that no link could carry does not stop the end", async () => {
    const { client, gateway } = wirePair();
    await client.open("test", []).answer;
    client.close(7, "odd");
    await turns(6);
    expect([client.state, gateway.state]).toEqual(["over", "over"]);
  });
});

describe("heartbeat", () => {
  const fakes = { toFake: ["setTimeout", "clearTimeout", "performance", "Date"] } as const;

  test("two idle sides keep each other alive", async () => {
    vi.useFakeTimers({ toFake: [...fakes.toFake] });
    const { client, gateway } = wirePair();
    await client.open("test", []).answer;
    for (let i = 0; i < 600; i++) {
      vi.advanceTimersByTime(1000);
      await turns(2);
    }
    expect([client.state, gateway.state]).toEqual(["attached", "attached"]);
    client.close();
    await turns(4);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a link gone silent is given up by the client after 25 s, by the gateway after 45 s", async () => {
    vi.useFakeTimers({ toFake: [...fakes.toFake] });
    const { client, gateway, link } = wirePair();
    await client.open("test", []).answer;
    await turns(6);
    vi.advanceTimersByTime(100); // the last ACK
    await turns(6);
    link.a.held = true;
    link.b.held = true;
    const start = performance.now();
    const ended: { [role: string]: number } = {};
    for (let s = 1; s <= 60; s++) {
      vi.advanceTimersByTime(1000);
      await turns(1);
      for (const session of [client, gateway]) {
        if (session.state === "over") ended[session.role] ??= Math.round((performance.now() - start) / 1000);
      }
    }
    expect(ended).toEqual({ client: 25, gateway: 45 });
    expect(client.reason).toMatchObject({ code: closeCode.goingAway });
    expect(vi.getTimerCount()).toBe(0);
  });
});
