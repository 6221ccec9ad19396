// The library itself, as programs use it, over a gateway that answers as it likes: nothing is thrown outside promises, each
// of them settles, and none with an error that is a mistake of ours.

import { connectOver } from "../../connect.js";
import { frameType as T } from "../../wire/frame.js";
import { resumeCap } from "../../wire/handshake.js";
import { frameBytes, turns } from "../rawpeer.js";
import type { Case } from "./case.js";
import type { Played } from "./gatewayside.js";
import { Fault } from "./oracle.js";
import { type Peers, peerHost } from "./peers.js";
import { scenes } from "./scenes.js";
import { Got, Tap } from "./tap.js";

const settleMs = 5_000;
const turnsForAnswer = 6;

// Nobody is really dialled: only the addresses count.
const peers = {
  tcp: `${peerHost}:4000`,
  udp: `${peerHost}:4001`,
  dead: `${peerHost}:4003`,
  tcpPort: 4000,
  udpPort: 4001,
  deadPort: 4003,
} as Peers;

// Mistakes are the errors that a program throws that did not look.
const mistakes = [TypeError, ReferenceError, SyntaxError, RangeError];

/** playLibrary plays a case to the scene that its recording was made of. */
export async function playLibrary(c: Case): Promise<Played> {
  const got = new Got();
  const taps: Tap[] = [];
  const open = async () => {
    const tap = new Tap(got);
    taps.push(tap);
    return tap;
  };
  let isSlow = false;
  const send = (bytes: Uint8Array) => {
    const tap = taps.at(-1) as Tap;
    tap.deliver(bytes);
    isSlow ||= tap.isSlow;
  };
  const connecting = connectOver(Object.assign(open, { resumes: false }));
  await turns(1);
  send(frameBytes([T.welcome, 1, [resumeCap], "g.1", null, 1, 0, 0, [], "g"]));
  const net = await connecting;
  let thrown: unknown;
  let isSettled = false;
  const scene = scenes[c.recording];
  if (scene === undefined) throw new Fault(`no scene "${c.recording}"`);
  const playing = scene({ net, peers, cut: async () => {} }).catch((err: unknown) => {
    thrown = err;
  });
  void playing.then(() => {
    isSettled = true;
  });
  for (const step of c.steps) {
    if (step.do === "send") send(step.bytes);
    else if (step.do === "ack") send(frameBytes([T.ack, got.numbered]));
    else if (step.do === "turn") await turns(turnsForAnswer);
  }
  await turns(2);
  const code = (taps.at(-1) as Tap).closed?.code ?? null;
  await net.session.close();
  const end = performance.now() + settleMs;
  while (!isSettled) {
    await turns(1);
    if (performance.now() > end) throw new Fault("a promise never settles after the session was closed");
  }
  if (mistakes.some((mistake) => thrown instanceof mistake)) throw new Fault("a mistake of ours", thrown);
  return { code, got, isSlow };
}
