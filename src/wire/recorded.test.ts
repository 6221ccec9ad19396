// Sessions that were recorded from a real client and gateway, cut short anywhere and with bytes changed, played to both
// halves of the wire.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Case, Step } from "../testing/fuzz/case.js";
import { playGateway } from "../testing/fuzz/clienttarget.js";
import type { Played } from "../testing/fuzz/gatewayside.js";
import { stepsOf } from "../testing/fuzz/make.js";
import { checkPrototypes } from "../testing/fuzz/oracle.js";
import { framesOf, parseRecordings, type Recording } from "../testing/fuzz/recordings.js";
import { playSession } from "../testing/fuzz/sessiontarget.js";
import { form, isLong } from "../testing/long.js";
import { frameBytes } from "../testing/rawpeer.js";
import { Random, testSeed } from "../testing/wirerandom.js";
import { closeCode, WireError } from "./errors.js";
import { decode } from "./frame.js";

const recordings = parseRecordings(
  readFileSync(join(import.meta.dirname, "../testing/fuzz/recordings.txt"), "utf8"),
);
const samples = isLong ? Number.POSITIVE_INFINITY : 1_500;
const changesOfByte = isLong ? 255 : 2;

// A watchdog that the machine's other work does not set off: what hangs does so for ever.
const watchdogMs = 5_000;

// known are the ends that a session may come to, besides a code that the other side named itself.
const known = new Set<number | null>([
  null,
  closeCode.goodbye,
  closeCode.broken,
  closeCode.protocol,
  closeCode.noSession,
  closeCode.tooMuch,
]);

type Side = "client" | "gateway";

let stackTraceLimit: number;
beforeAll(() => {
  // The stack of a WireError costs more than the frame.
  ({ stackTraceLimit } = Error);
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

function play(side: Side, recording: Recording, steps: readonly Step[]): Promise<Played> {
  const target = side === "client" ? "session" : "client";
  const c: Case = { target, recording: recording.name, greets: true, steps };
  return side === "client" ? playSession(c) : playGateway(c, recording);
}

// ends plays a case and gives the code that it came to; it fails if that takes too long.
async function ends(side: Side, recording: Recording, steps: readonly Step[]): Promise<number | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${recording.name} hangs`)), watchdogMs);
  });
  try {
    return (await Promise.race([late, play(side, recording, steps)])).code;
  } finally {
    clearTimeout(timer);
  }
}

// Place is one byte of one message of a recording, as seen by one side.
interface Place {
  readonly recording: Recording;
  readonly steps: readonly Step[];
  readonly step: number;
  readonly at: number;
}

function places(side: Side): Place[] {
  return recordings.flatMap((recording) => {
    const steps = stepsOf(recording, side);
    return steps.flatMap((step, i) =>
      step.do === "send"
        ? Array.from({ length: step.bytes.length }, (_, at) => ({ recording, steps, step: i, at }))
        : [],
    );
  });
}

// some gives all of the places in a long run, else so many of them.
function some(side: Side, random: Random): Place[] {
  const all = places(side);
  if (all.length <= samples) return all;
  return Array.from({ length: samples }, () => random.pick(all));
}

test("W15: what the client sent is legal as it was recorded, and after each message", async () => {
  for (const recording of recordings) {
    const steps = stepsOf(recording, "client");
    for (let n = 0; n <= steps.length; n++) {
      const code = await ends("client", recording, steps.slice(0, n));
      const isCut = steps[n - 1]?.do === "cut";
      expect(code, `${recording.name}, ${n} steps`).toBe(isCut ? closeCode.broken : null);
    }
  }
});

describe.each(["client", "gateway"] as const)("what the %s sent", (side) => {
  test(`W15: cut short anywhere, it is refused or goes on${form}`, { timeout: 600_000 }, async () => {
    const random = new Random(testSeed("prefixes"));
    const counts = new Map<number | null, number>();
    for (const { recording, steps, step, at } of some(side, random)) {
      const whole = steps[step] as Extract<Step, { do: "send" }>;
      const cut = { do: "send", bytes: whole.bytes.subarray(0, at) } as const;
      const code = await ends(side, recording, [...steps.slice(0, step), cut]);
      expect(
        [closeCode.protocol, closeCode.noSession],
        `${recording.name}, step ${step}, ${at} bytes`,
      ).toContain(code);
      counts.set(code, (counts.get(code) ?? 0) + 1);
    }
    expect(counts.get(closeCode.protocol)).toBeGreaterThan(300);
    checkPrototypes();
  });

  test(`W15: with a byte changed, it is refused or goes on${form}`, { timeout: 3_600_000 }, async () => {
    const random = new Random(testSeed("changed bytes"));
    const counts = new Map<number | null, number>();
    for (const { recording, steps, step, at } of some(side, random)) {
      const { bytes } = steps[step] as Extract<Step, { do: "send" }>;
      for (let i = 1; i <= changesOfByte; i++) {
        const changed = new Uint8Array(bytes);
        changed[at] = (changed[at] as number) ^ (isLong ? i : 1 + random.below(255));
        const played = steps.map((s, j) => (j === step ? { do: "send" as const, bytes: changed } : s));
        const code = await ends(side, recording, played);
        if (!known.has(code)) expect.unreachable(`${recording.name}, step ${step}, byte ${at}: ${code}`);
        counts.set(code, (counts.get(code) ?? 0) + 1);
      }
    }
    expect(counts.get(closeCode.protocol)).toBeGreaterThan(300);
    expect(counts.get(null)).toBeGreaterThan(300);
    checkPrototypes();
  });

  test(`W15: every change of a byte of a frame is decoded or refused${form}`, { timeout: 3_600_000 }, () => {
    const random = new Random(testSeed("decoded bytes"));
    let [legal, refused] = [0, 0];
    for (const recording of recordings) {
      const sent = recording.messages.filter((m) => m.from === side).flatMap((m) => framesOf(m.bytes));
      for (const bytes of sent.map(frameBytes)) {
        const changed = new Uint8Array(bytes);
        for (let at = 0; at < bytes.length; at++) {
          for (let i = 1; i <= (isLong ? 255 : 8); i++) {
            changed[at] = (bytes[at] as number) ^ (isLong ? i : 1 + random.below(255));
            try {
              decode(changed, () => true);
              legal++;
            } catch (err) {
              if (!(err instanceof WireError)) throw err;
              refused++;
            }
          }
          changed[at] = bytes[at] as number;
        }
      }
    }
    expect(legal).toBeGreaterThan(300);
    expect(refused).toBeGreaterThan(300);
  });
});
