// Makes cases of recordings and a random number generator.

import type { Frame } from "../../wire/frame.js";
import { firstNumbered, frameType as T } from "../../wire/frame.js";
import { frameBytes } from "../rawpeer.js";
import type { Random } from "../wirerandom.js";
import type { Case, Step, Target } from "./case.js";
import { badFrame, changed, join, otherValue, type Pool, plausibleBytes, shuffled } from "./mutate.js";
import { framesOf, type Recording } from "./recordings.js";

const wrongs = ["", "", "", "key", "id", "epoch", "received"] as const;
const maxFlood = 30;

// stepsOf are the steps of one side of a recording: each frame a message of its own, acknowledgements as they fit, the
// handshake and the end left to the player.
export function stepsOf(recording: Recording, side: "client" | "gateway"): Step[] {
  const steps: Step[] = [];
  let link = 1;
  let frames = 0; // of the other side
  for (const message of recording.messages) {
    if (message.link !== link) {
      steps.push({ do: "cut" }, { do: "resume", wrong: "" });
      link = message.link;
    }
    if (message.from !== side) {
      frames += framesOf(message.bytes).filter((frame) => frame[0] >= firstNumbered).length;
      if (steps.at(-1)?.do === "turn") steps.pop();
      steps.push({ do: "turn", frames });
      continue;
    }
    for (const frame of framesOf(message.bytes)) {
      if (frame[0] === T.hello || frame[0] === T.welcome || frame[0] === T.goodbye) continue;
      steps.push(frame[0] === T.ack ? { do: "ack" } : { do: "send", bytes: frameBytes(frame as Frame) });
    }
  }
  return steps;
}

/** Maker makes cases for one target. */
export class Maker {
  readonly #random: Random;
  readonly #pool: Pool;
  readonly #recorded: readonly { readonly name: string; readonly steps: readonly Step[] }[];
  readonly #target: Exclude<Target, "decode">;

  constructor(
    target: Exclude<Target, "decode">,
    recordings: readonly Recording[],
    pool: Pool,
    random: Random,
  ) {
    const side = target === "session" || target === "gateway" ? "client" : "gateway";
    this.#target = target;
    this.#random = random;
    this.#pool = pool;
    this.#recorded = recordings.map((r) => ({ name: r.name, steps: stepsOf(r, side) }));
  }

  /** next is a new case. */
  next(): Case {
    const random = this.#random;
    const { name, steps } = random.pick(this.#recorded);
    const order = random.below(3) === 0 ? shuffled(steps, random) : [...steps];
    // A session that breaks the protocol at once is over: one change is usual.
    for (let i = random.pick([0, 1, 1, 1, 1, 2, 3]); i > 0; i--) this.#change(order);
    const greets = this.#target === "library" || random.below(50) > 0;
    return { target: this.#target, recording: name, greets, steps: order };
  }

  #change(steps: Step[]): void {
    const random = this.#random;
    const at = random.below(steps.length + 1);
    const step = steps[at];
    switch (random.below(10)) {
      case 0:
        steps.splice(at, 0, { do: "send", bytes: badFrame(random, this.#pool) });
        return;
      case 1:
      case 2:
        steps.splice(at, 0, { do: "send", bytes: plausibleBytes(random) });
        return;
      case 3: {
        const bytes = random.below(2) === 0 ? random.pick(this.#pool.bytes) : plausibleBytes(random);
        const flood = Array.from({ length: 2 + random.below(maxFlood) }, () => bytes);
        const one: Step[] = [{ do: "send", bytes: join(flood) }];
        const many: Step[] = flood.map((b) => ({ do: "send", bytes: b }));
        steps.splice(at, 0, ...(random.below(2) === 0 ? one : many));
        return;
      }
      case 4:
        if (this.#target === "library") return;
        steps.splice(at, 0, { do: "cut" }, { do: "resume", wrong: random.pick(wrongs) });
        return;
      case 5:
        if (this.#target === "library") return;
        steps.splice(at, 0, { do: "resume", wrong: random.pick(wrongs) });
        return;
      case 6: {
        const next = steps[at + 1];
        if (step?.do === "send" && next?.do === "send") {
          steps.splice(at, 2, { do: "send", bytes: join([step.bytes, next.bytes]) });
        }
        return;
      }
      case 7:
        if (step?.do !== "send") return;
        steps[at] = { do: "send", bytes: changed(step.bytes, random, this.#pool) };
        return;
      default: {
        if (step?.do !== "send" || step.bytes.length === 0) return;
        const [frame] = decodable(step.bytes);
        if (frame !== undefined) steps[at] = { do: "send", bytes: otherValue(frame, random) };
      }
    }
  }
}

function decodable(bytes: Uint8Array): Frame[] {
  try {
    return framesOf(bytes);
  } catch {
    return []; // it was changed before
  }
}
