// A session over links that break at random, in memory, on a clock of its own: nothing is lost, doubled or out of order.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SimClock } from "../testing/simclock.js";
import { cuts, SimLink } from "../testing/simlink.js";
import { Random } from "../testing/wirerandom.js";
import { dataPrefixBytes, frameType } from "./frame.js";
import { Greeting } from "./greeting.js";
import type { Limits } from "./limits.js";
import { headerOf, parsePacket } from "./packets.js";
import { type Handler, Session } from "./session.js";
import type { Source, Stream } from "./stream.js";

const seeds = Number(process.env["GONET_SIM_SEEDS"] ?? 10_000);
const firstSeed = Number(process.env["GONET_SEED"] ?? 1);
const cutsPerSeed = 6;
const hourMs = 3_600_000;

beforeEach(() => {
  vi.unstubAllGlobals();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

// Windows so small that everything that can fill up does.
const limits: Partial<Limits> = {
  streamWindow: 1200,
  sessionWindow: 2500,
  replayBytes: 3000,
  linkBuffer: 2000,
};

// byteAt is the byte at an offset of what is sent on a stream in one direction.
function byteAt(id: number, direction: number, offset: number): number {
  return (Math.imul(offset + 1, 0x9e3779b1) >>> 13) ^ (id * 31 + direction * 101);
}

// Talk is one end of a stream: it sends so many bytes, then FIN, and checks what it reads.
class Talk {
  ended = false;
  readonly #stream: Stream;
  readonly #out: number;
  readonly #in: number;
  readonly #random: Random;
  readonly #total: number;
  #sent = 0;
  #read = 0;

  constructor(stream: Stream, isClient: boolean, total: number, random: Random) {
    this.#stream = stream;
    this.#out = isClient ? 0 : 1;
    this.#in = isClient ? 1 : 0;
    this.#random = random;
    this.#total = total;
    stream.source = { pull: (max) => this.#pull(max) };
    stream.onReadable = () => this.read();
    stream.ready();
  }

  #pull(max: number): Uint8Array | null {
    const n = Math.min(max, 1 + this.#random.below(900), this.#total - this.#sent);
    if (n === 0) {
      this.#stream.fin();
      return null;
    }
    const frame = new Uint8Array(dataPrefixBytes + n);
    for (let i = 0; i < n; i++)
      frame[dataPrefixBytes + i] = byteAt(this.#stream.id, this.#out, this.#sent + i);
    this.#sent += n;
    return frame;
  }

  read(): void {
    for (let chunk = this.#stream.peek(); chunk !== null; chunk = this.#stream.peek()) {
      for (let i = 0; i < chunk.length; i++) {
        if (chunk[i] !== (byteAt(this.#stream.id, this.#in, this.#read + i) & 0xff)) {
          throw new Error(`stream ${this.#stream.id}: wrong byte at ${this.#read + i}`);
        }
      }
      this.#read += chunk.length;
      this.#stream.drop(chunk.length);
    }
    if (!this.#stream.finReceived || this.ended) return;
    if (this.#read !== this.#total)
      throw new Error(`stream ${this.#stream.id}: ended after ${this.#read} bytes`);
    this.ended = true;
  }
}

// Packets is one end of a stream of datagrams: some may be lost with a link, none comes twice or before an earlier one, and
// when the links hold they flow again.
class Packets implements Source {
  readonly pulled = frameType.dgram;
  sent = 0;
  got = 0; // the number of the last one
  readonly #stream: Stream;
  #wanted = 0;

  constructor(stream: Stream) {
    this.#stream = stream;
    stream.isUnnumbered = true;
    stream.source = this;
    stream.onReadable = () => this.read();
    stream.onDetached = () => {
      this.sent = Math.max(this.sent, this.#wanted); // a client drops what there is no link for
    };
  }

  send(): void {
    this.#wanted = this.sent + 1;
    this.#stream.ready();
  }

  pull(): Uint8Array | null {
    if (this.sent >= this.#wanted) return null;
    this.sent++;
    const header = headerOf(this.#stream.sentBytes, 0, null, new Uint8Array());
    const frame = new Uint8Array(dataPrefixBytes + header.length + 400);
    frame.set(header, dataPrefixBytes);
    new DataView(frame.buffer).setUint32(dataPrefixBytes + header.length, this.sent);
    return frame;
  }

  read(): void {
    for (let payload = this.#stream.peekPacket(); payload !== null; payload = this.#stream.peekPacket()) {
      const { data } = parsePacket(payload).packet;
      const n = new DataView(data.buffer, data.byteOffset).getUint32(0);
      if (n <= this.got) throw new Error(`packet ${n} after ${this.got}`);
      this.got = n;
      this.#stream.dropPacket();
    }
  }
}

interface Outcome {
  cuts: number;
  busy: number; // cuts while data was under way
  resumes: number;
  superseded: number;
}

// simulate runs one session from its first byte to its last.
async function simulate(seed: number): Promise<Outcome> {
  const random = new Random(seed);
  const clock = new SimClock();
  clock.install();
  let link: SimLink;
  let made = 0;
  let busy = 0;
  const total = 4000 + random.below(11_000);
  const talks: Talk[] = [];
  const packets: Packets[] = [];
  const asked: number[] = [];
  const answered: number[] = [];
  const problems: string[] = [];

  const handler: Handler = {
    open(stream, op) {
      stream.opened([]);
      if (op === "packets") packets.push(new Packets(stream));
      else talks.push(new Talk(stream, false, total, random));
    },
    call(_, __, [n]) {
      asked.push(n as number);
      return [n];
    },
  };
  const key = new Uint8Array(32).fill(seed);
  const gateway = new Session({
    role: "gateway",
    limits,
    handler,
    id: "sim",
    resumeKey: key,
    onOver: (_, reason) => problems.push(`gateway: ${reason.message} ${String(reason.cause ?? "")}`),
  });
  const client = new Session({
    role: "client",
    resume: true,
    limits: { replayBytes: 3000, linkBuffer: 2000 },
    onDetached: () => redial(),
    onOver: (_, reason) => problems.push(`client: ${reason.message} ${String(reason.cause ?? "")}`),
  });

  // The gateway's door: one session, new or taken up.
  const serve = (end: SimLink["gateway"]) => {
    new Greeting(end, {
      helloMs: 10_000,
      onHello(greeting, line, said) {
        if (said.sessionID === null) return gateway.begin(line, said);
        const code = gateway.resume(line, said);
        if (code !== null) greeting.refuse(code, "no");
      },
      onOver() {},
    });
  };
  const dial = () => {
    if (client.state === "over") return;
    if (made > 0 && talks.some((talk) => !talk.ended)) busy++;
    made++;
    link = new SimLink(clock, {
      latencyMs: 1 + random.below(30),
      lateMs: random.below(3) === 0 ? null : random.below(120),
      isStubborn: random.below(2) === 0,
    });
    serve(link.gateway);
    client.attach(link.client);
    if (made <= cutsPerSeed) cutLater(link);
  };
  let isRedialing = false;
  const redial = () => {
    if (isRedialing) return;
    isRedialing = true;
    clock.after(random.below(40), () => {
      isRedialing = false;
      if (client.state === "detached") dial();
    });
  };
  // Most links break in the middle of something, some in the handshake; and some clients move to another before theirs broke.
  const cutLater = (doomed: SimLink) => {
    clock.after(random.below(120), () => {
      if (client.state !== "waiting" && doomed === link && random.below(5) === 0) dial();
      else if (client.state !== "waiting" || doomed !== link) doomed.cut(random.pick(cuts));
      else cutLater(doomed); // the very first handshake must succeed
    });
  };
  dial();
  for (let i = 0; i < 1 + random.below(3); i++) {
    client
      .open("talk", [], (stream) => talks.push(new Talk(stream, true, total, random)))
      .answer.catch(() => {});
  }
  client.open("packets", [], (stream) => packets.push(new Packets(stream))).answer.catch(() => {});
  const chatter = () => {
    for (const end of packets) end.send();
    if (packets.length < 2 || made <= cutsPerSeed) clock.after(10, chatter);
  };
  chatter();
  const calls = 5;
  for (let i = 0; i < calls; i++) {
    clock.after(random.below(400), () => {
      client.call("n", [i]).then(
        ([n]) => answered.push(n as number),
        () => {}, // the session is over, and that is a problem of its own
      );
    });
  }
  const isDone = () =>
    problems.length > 0 || (made > cutsPerSeed && talks.every((talk) => talk.ended) && asked.length >= calls);
  const isOver = clock.run(isDone, hourMs);
  if (problems.length > 0) throw new Error(problems.join("; "));
  if (!isOver) throw new Error(`stuck: ${client.state}, ${gateway.state}`);
  clock.run(() => false, clock.now + 60_000); // answers, ACKs, and what comes late
  const [a, b] = packets as [Packets, Packets];
  for (const end of packets) end.send();
  const flows = clock.run(() => a.got === b.sent && b.got === a.sent, clock.now + 60_000);
  const outcome = {
    cuts: made - 1,
    busy,
    resumes: gateway.counts.resumes,
    superseded: gateway.counts.supersededFrames + client.counts.supersededFrames,
  };
  const states = [client.state, gateway.state].join();
  const kept = client.keptBytes + gateway.keptBytes;
  vi.unstubAllGlobals();
  await null;
  await null;
  if (problems.length > 0) throw new Error(problems.join("; "));
  if (!flows) throw new Error(`packets: ${a.sent} sent, ${b.got} got, ${b.sent} sent, ${a.got} got`);
  if (states !== "attached,attached") throw new Error(`afterwards: ${states}`);
  if (kept !== 0) throw new Error(`never acknowledged: ${kept}`);
  if (asked.sort().join() !== "0,1,2,3,4") throw new Error(`calls carried out: ${asked}`);
  if (answered.sort().join() !== "0,1,2,3,4") throw new Error(`calls answered: ${answered}`);
  return outcome;
}

test(`${seeds} sessions over links that break: nothing lost, doubled or out of order`, {
  timeout: 600_000,
}, async () => {
  const sum = { cuts: 0, busy: 0, resumes: 0, superseded: 0 };
  const started = performance.now();
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    try {
      const { cuts, busy, resumes, superseded } = await simulate(seed);
      sum.cuts += cuts;
      sum.busy += busy;
      sum.resumes += resumes;
      sum.superseded += superseded;
    } catch (err) {
      vi.unstubAllGlobals();
      throw new Error(`GONET_SEED=${seed} GONET_SIM_SEEDS=1: ${(err as Error).stack}`);
    }
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`seeds ${firstSeed} to ${firstSeed + seeds - 1}, ${seconds} s:`, sum);
  expect(sum.cuts).toBeGreaterThanOrEqual(seeds * cutsPerSeed);
  expect(sum.busy).toBeGreaterThan(sum.cuts * 0.5);
  expect(sum.superseded).toBeGreaterThan(0);
});
