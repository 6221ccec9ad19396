// Whatever two honest sides do, in whatever order and however their frames cross, neither is ever refused.

import { expect, test } from "vitest";
import { turns } from "../testing/rawpeer.js";
import { wirePair } from "../testing/wirepair.js";
import { Random, testSeed } from "../testing/wirerandom.js";
import { Deadline } from "./deadline.js";
import { PiecesError } from "./errors.js";
import type { Opening } from "./session.js";
import type { Stream } from "./stream.js";

const never = new Deadline();
const rounds = 10_000;
const longRounds = 2_000;
const steps = 120; // of a long round
const fewSteps = 24;

// End is one end of a stream, with at most one read and one write under way.
class End {
  readonly stream: Stream;
  reading = false;
  writing = false;
  isListener = false;
  accepted = 0;

  constructor(stream: Stream) {
    this.stream = stream;
  }

  read(n: number): void {
    if (this.reading) return;
    this.reading = true;
    const done = () => {
      this.reading = false;
    };
    this.stream.read(new Uint8Array(n), never).then(done, done);
  }

  write(n: number): void {
    if (this.writing) return;
    this.writing = true;
    const done = () => {
      this.writing = false;
    };
    this.stream.write(new Uint8Array(n), never).then(done, done);
  }
}

async function round(random: Random, steps: number): Promise<void> {
  const near: End[] = [];
  const far: End[] = [];
  const pending: Stream[] = [];
  const openings: Opening[] = [];
  const { client, gateway, link } = wirePair({
    limits: {
      streamWindow: 1 + random.below(5000),
      sessionWindow: 1 + random.below(20_000),
      replayBytes: 30_000,
    },
    handler: {
      open(stream, op) {
        stream.onCancel = () => random.below(2) === 0 && stream.refused(["canceled"], null, null);
        if (op === "wait") {
          pending.push(stream);
          return;
        }
        if (random.below(5) === 0) return stream.refused(["timeout"], null, null);
        const end = new End(stream);
        end.isListener = op === "listen";
        if (end.isListener) stream.becomeListener(() => {});
        far.push(end);
        stream.opened([]);
      },
      call(_, op) {
        if (op === "throw") throw new PiecesError(["timeout"]);
        return op === "later" ? new Promise((resolve) => setImmediate(() => resolve([]))) : [];
      },
    },
  });

  const open = (op: string) => {
    const opening = client.open(op, []);
    openings.push(opening);
    opening.answer.then(
      () => {
        const end = new End(opening.stream);
        end.isListener = op === "listen";
        if (end.isListener) opening.stream.becomeListener((stream) => near.push(new End(stream)));
        near.push(end);
      },
      () => {},
    );
  };
  const step = () => {
    const sides = random.below(2) === 0 ? near : far;
    const end = sides.length === 0 ? null : random.pick(sides);
    switch (random.below(16)) {
      case 0:
        return open(random.pick(["test", "test", "listen", "wait"]));
      case 1:
        return openings.length > 0 && random.pick(openings).cancel();
      case 2:
        return pending.length > 0 && random.pick(pending).opened([]);
      case 3:
        return pending.length > 0 && random.pick(pending).refused(["timeout"], null, null);
      case 4:
        return client
          .call(
            random.pick(["now", "later", "throw"]),
            [],
            random.pick([undefined, sides === near ? end?.stream : undefined]),
          )
          .catch(() => {});
      case 5:
        return end !== null && !end.isListener && end.stream.fin();
      case 6:
        return random.below(3) === 0 && end?.stream.close();
      case 7:
        return random.below(3) === 0 && sides === far && end?.stream.reset(["errno", "", "ECONNRESET"]);
      case 8:
        if (end === null || !end.isListener) return;
        if (sides === near) end.stream.grant(random.below(5));
        else if (end.stream.state === "open" && end.accepted < end.stream.credit) {
          end.accepted++;
          far.push(new End(end.stream.accepted([])));
        }
        return;
      case 9:
        link[random.pick(["a", "b"] as const)].held = true;
        return;
      case 10:
      case 11:
        return link[random.pick(["a", "b"] as const)].release();
      case 12:
      case 13:
        return end !== null && !end.isListener && end.read(1 + random.below(8000));
      default:
        return end !== null && !end.isListener && end.write(random.below(8000));
    }
  };
  for (let i = 0; i < steps; i++) {
    step();
    if (random.below(3) === 0) await turns(1);
  }

  // Everything is brought to its end, and then nothing is left.
  link.a.release();
  link.b.release();
  for (let i = 0; i < 5; i++) {
    await turns(4);
    for (const stream of pending) {
      if (stream.state === "opening") stream.refused(["timeout"], null, null);
      else far.push(new End(stream));
    }
    for (const { stream } of [...near, ...far, ...openings]) stream.close();
  }
  await turns(10);
  const [ended] = [client, gateway].filter((s) => s.state !== "attached");
  expect(ended?.reason?.message, `seed ${random.seed}`).toBeUndefined();
  expect([client.size, gateway.size], `seed ${random.seed}`).toEqual([0, 0]);
  client.close();
}

test(`W17: ${rounds} sessions of ${fewSteps} or ${steps} random steps`, { timeout: 300_000 }, async () => {
  const seeds = new Random(testSeed("legal sessions"));
  for (let i = 0; i < rounds; i++) {
    await round(new Random(i === 0 ? seeds.seed : seeds.uint32()), i < longRounds ? steps : fewSteps);
  }
});
