// Fuzz tries cases at one target and looks at what comes of them.

import { readFileSync } from "node:fs";
import { WireError } from "../../wire/errors.js";
import { decode } from "../../wire/frame.js";
import { frameTests, hex } from "../wireframes.js";
import type { Random } from "../wirerandom.js";
import { type Case, frames, type Target } from "./case.js";
import { playGateway } from "./clienttarget.js";
import type { Played } from "./gatewayside.js";
import { GatewayTarget } from "./gatewaytarget.js";
import { playLibrary } from "./librarytarget.js";
import { Maker } from "./make.js";
import { badFrame, join, Pool } from "./mutate.js";
import { checkCore, checkPrototypes, Fault, isSlowEachTime, slowMs } from "./oracle.js";
import { framesOf, parseRecordings, type Recording } from "./recordings.js";
import { playSession } from "./sessiontarget.js";

const replays = 8;
const perCheck = 1_000;

/** Tally is what came of many cases. */
export interface Tally {
  frames: number;
  cases: number;
  /** outcomes counts how they ended: legal, or the code of the refusal. */
  readonly outcomes: { [outcome: string]: number };
}

/** Found is a case that showed a bug. */
export class Found extends Error {
  readonly case: Case;
  constructor(c: Case, cause: unknown) {
    super(`${c.target}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = "Found";
    this.case = c;
  }
}

export class Fuzz {
  readonly recordings: readonly Recording[];
  readonly pool: Pool;
  readonly tally: { readonly [target in Target]: Tally };
  #gateway: GatewayTarget | null = null;
  // What was thrown outside of everything, while a case was played.
  #stray: unknown;

  constructor(path: string) {
    this.recordings = parseRecordings(readFileSync(path, "utf8"));
    const recorded = this.recordings.flatMap((r) => r.messages.flatMap((m) => framesOf(m.bytes)));
    this.pool = new Pool([...recorded, ...frameTests.flatMap(([, bytes]) => framesOf(hex(bytes)))]);
    const tally = (): Tally => ({ frames: 0, cases: 0, outcomes: {} });
    this.tally = {
      decode: tally(),
      session: tally(),
      client: tally(),
      gateway: tally(),
      library: tally(),
    };
    const stray = (err: unknown) => {
      this.#stray ??= err ?? new Error("undefined was thrown");
    };
    process.on("uncaughtException", stray);
    process.on("unhandledRejection", stray);
  }

  /** run tries so many frames at target. It throws Found. */
  async run(target: Target, count: number, random: Random): Promise<void> {
    if (target === "decode") return this.#decodeMany(count, random);
    const maker = new Maker(target, this.recordings, this.pool, random);
    const { tally } = this;
    const until = tally[target].frames + count;
    for (let i = 0; tally[target].frames < until; i++) {
      await this.try(maker.next());
      if (i % perCheck === 0) checkPrototypes();
    }
    checkPrototypes();
  }

  /** try tries one case. It throws Found. */
  async try(c: Case): Promise<void> {
    const tally = this.tally[c.target];
    tally.cases++;
    tally.frames += frames(c);
    try {
      if (c.target === "decode") {
        for (const step of c.steps) if (step.do === "send") this.#decode(step.bytes);
        return;
      }
      const { code, isSlow } = await this.#play(c);
      const outcome = code === null ? "alive" : String(code);
      tally.outcomes[outcome] = (tally.outcomes[outcome] ?? 0) + 1;
      if (isSlow && (await this.#isSlowAgain(c))) throw new Fault(`a frame takes over ${slowMs} ms`);
      if (this.#stray !== undefined) {
        const stray = this.#stray;
        this.#stray = undefined;
        throw new Fault("thrown outside of everything", stray);
      }
    } catch (err) {
      throw new Found(c, err);
    }
  }

  async #isSlowAgain(c: Case): Promise<boolean> {
    for (let i = 0; i < replays; i++) if (!(await this.#play(c)).isSlow) return false;
    return true;
  }

  async #play(c: Case): Promise<Played> {
    switch (c.target) {
      case "session":
        return playSession(c);
      case "client": {
        const recording = this.recordings.find((r) => r.name === c.recording);
        return playGateway(c, recording as Recording);
      }
      case "library":
        return playLibrary(c);
      default:
        this.#gateway ??= await GatewayTarget.start();
        return this.#gateway.play(c);
    }
  }

  #decodeMany(count: number, random: Random): void {
    const tally = this.tally.decode;
    const until = tally.frames + count;
    for (let i = 0; tally.frames < until; i++) {
      const parts = [badFrame(random, this.pool)];
      while (random.below(8) === 0) parts.push(badFrame(random, this.pool));
      tally.cases++;
      tally.frames += parts.length;
      const message = join(parts);
      try {
        this.#decode(message);
      } catch (err) {
        const steps = [{ do: "send", bytes: message }] as const;
        throw new Found({ target: "decode", recording: "", greets: false, steps }, err);
      }
      if (i % perCheck === 0) checkPrototypes();
    }
  }

  #decode(message: Uint8Array): void {
    const start = performance.now();
    const outcome = decodeOnce(message);
    const ms = performance.now() - start;
    const { outcomes } = this.tally.decode;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (ms > slowMs && isSlowEachTime(() => decodeOnce(message)))
      throw new Fault(`it takes over ${slowMs} ms`);
  }

  async close(): Promise<void> {
    await this.#gateway?.close();
  }
}

function decodeOnce(message: Uint8Array): string {
  try {
    decode(message, (frame) => {
      checkCore(frame);
      return true;
    });
    return "legal";
  } catch (err) {
    if (!(err instanceof WireError)) throw new Fault("it throws something else", err);
    return err.reason;
  }
}
