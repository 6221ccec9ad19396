// Plays hostile clients to a gateway's session: with a handler that needs no kernel (fast), and to a real gateway.

import { frameType as T } from "../../wire/frame.js";
import { resumeCap } from "../../wire/handshake.js";
import { frameBytes, hello, turns } from "../rawpeer.js";
import type { Case } from "./case.js";
import { Fault } from "./oracle.js";
import { Got, Tap } from "./tap.js";

const lastToken = 4_711;
const answerTurns = 50; // of the event loop; one is enough on the way there and back
const maxTurns = 12; // what was changed may have no answer
const waitMs = 5_000;

/** Serve has a gateway serve a link. */
export type Serve = (tap: Tap) => void;

/** Played is what came of a case: how its session ended, null if it was still there, and how long the slowest frame took. */
export interface Played {
  readonly code: number | null;
  readonly got: Got;
  readonly isSlow: boolean;
}

/** playClient plays a case to the gateway behind serve. It throws Fault if the gateway neither refuses nor goes on. */
export async function playClient(c: Case, serve: Serve): Promise<Played> {
  const got = new Got();
  let tap = new Tap(got);
  const taps = [tap]; // one that was refused leaves the session at the one before
  let isSlow = false;
  let epoch = 1;
  const send = (bytes: Uint8Array) => {
    tap.deliver(bytes);
    isSlow ||= tap.isSlow;
  };
  serve(tap);
  if (c.greets) send(frameBytes([T.hello, 1, [resumeCap], null, null, epoch, 0, "fuzz"]));
  for (const step of c.steps) {
    switch (step.do) {
      case "send":
        send(step.bytes);
        break;
      case "ack":
        send(frameBytes([T.ack, got.numbered]));
        break;
      case "turn":
        await untilSent(tap, got, step.frames);
        break;
      case "cut":
        tap.cut();
        break;
      case "resume": {
        if (got.welcome === null) break;
        const [, , , id] = got.welcome;
        const received = step.wrong === "received" ? got.numbered + 5 : got.numbered;
        if (step.wrong !== "epoch") epoch++;
        tap = new Tap(got);
        taps.push(tap);
        serve(tap);
        const wrongKey = new Uint8Array(32);
        const said = [
          T.hello,
          1,
          [resumeCap],
          step.wrong === "id" ? "g.unknown" : id,
          step.wrong === "key" ? wrongKey : got.resumeKey,
          epoch,
          received,
          "fuzz",
        ] as const;
        send(frameBytes(said));
      }
    }
  }
  const code = await isAlive(tap, got);
  if (tap.isOpen) {
    send(frameBytes([T.goodbye, 1000, ""]));
    await turns(1);
  }
  for (const each of taps) each.cut();
  return { code, got, isSlow };
}

/** untilSent lets a fuzzed side act: one turn at least, and more if it has yet to send so many numbered frames. */
export async function untilSent(tap: Tap, got: Got, frames = 0): Promise<void> {
  for (let i = 0; i === 0 || (i < maxTurns && tap.isOpen && got.numbered < frames); i++) await turns(1);
}

// isAlive sees that a session that was not refused answers. It gives the code with which it was refused, or null.
async function isAlive(tap: Tap, got: Got): Promise<number | null> {
  await turns(2);
  if (!tap.isOpen) return tap.closed?.code ?? 0;
  if (got.welcome === null) tap.deliver(frameBytes(hello));
  tap.deliver(frameBytes([T.ping, lastToken]));
  const end = performance.now() + waitMs;
  for (let i = 0; tap.isOpen && got.lastToken !== lastToken; i++) {
    await turns(1);
    if (i > answerTurns && performance.now() > end) throw new Fault("the session does not answer");
  }
  return tap.isOpen ? null : (tap.closed?.code ?? 0);
}
