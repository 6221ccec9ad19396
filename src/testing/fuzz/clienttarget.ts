// The client's half of the wire: a session that has asked what a real one asked, and a gateway that answers as it likes.

import { type Frame, frameType as T } from "../../wire/frame.js";
import { resumeCap } from "../../wire/handshake.js";
import { Session } from "../../wire/session.js";
import type { Stream } from "../../wire/stream.js";
import { frameBytes, turns } from "../rawpeer.js";
import type { Case } from "./case.js";
import { type Played, untilSent } from "./gatewayside.js";
import { Fault } from "./oracle.js";
import { asked, type Recording } from "./recordings.js";
import { Got, Tap } from "./tap.js";

const lastToken = 4_711;
const answerTurns = 50;
const sessionID = "g.1";
const packetNetworks = /^(udp|ip)/;

function welcome(epoch: number, received: number): Uint8Array {
  const key = epoch === 1 ? new Uint8Array(32) : null;
  return frameBytes([T.welcome, 1, [resumeCap], sessionID, key, epoch, received, 120_000, [], "g"]);
}

// use reads what comes on a stream, writes a little, and closes it when the other side has.
function use(stream: Stream): void {
  stream.onReadable = () => {
    for (let chunk = stream.peek(); chunk !== null; chunk = stream.peek()) stream.drop(chunk.length);
    while (stream.peekPacket() !== null) stream.dropPacket();
    if (stream.failure !== null) stream.sendProblem();
    if (stream.peerClosed || stream.state === "failed") stream.close();
    else if (stream.finReceived && !stream.finSent) stream.fin();
  };
  const frames = stream.isUnnumbered ? [] : [new Uint8Array(12 + 40)];
  stream.source = { pull: (max) => (max < 40 ? null : (frames.pop() ?? null)) };
  stream.ready();
}

/** playGateway plays a case to a client. It throws Fault if the client neither gives up nor goes on, or an answer never settles. */
export async function playGateway(c: Case, recording: Recording): Promise<Played> {
  const got = new Got();
  let tap = new Tap(got);
  let isSlow = false;
  const send = (bytes: Uint8Array) => {
    tap.deliver(bytes);
    isSlow ||= tap.isSlow;
  };
  const session = new Session({ role: "client", resume: true, agent: "fuzz" });
  session.attach(tap);
  let pending = 0;
  const settled = () => {
    pending--;
  };
  const ask = (frame: Frame) => {
    pending++;
    if (frame[0] === T.call) {
      return session.call(frame[3], frame[4], undefined).then(settled, settled);
    }
    if (frame[0] !== T.open) return settled();
    const [, , op, args] = frame;
    const opening = session.open(op, args, (stream) => {
      stream.isUnnumbered = packetNetworks.test(String(args[0]));
      if (op !== "listen" && op !== "fileListener") return use(stream);
      stream.becomeListener((accepted) => use(accepted));
      stream.grant(8);
      stream.onReadable = () => (stream.peerClosed || stream.state === "failed") && stream.close();
    });
    opening.answer.then(settled, settled);
  };
  asked(recording).forEach(ask);
  let epoch = 1;
  if (c.greets) send(welcome(epoch, 0));
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
        if (session.state !== "detached" && session.state !== "attached") break;
        if (!session.canResume) break;
        tap.cut();
        tap = new Tap(got);
        session.attach(tap);
        epoch = got.hello?.[5] ?? epoch;
        const received = step.wrong === "received" ? got.numbered + 5 : got.numbered;
        send(welcome(step.wrong === "epoch" ? epoch + 1 : epoch, received));
      }
    }
  }
  await turns(2);
  if (session.state === "waiting" && tap.isOpen) send(welcome(1, 0));
  if (session.state === "attached") {
    send(frameBytes([T.ping, lastToken]));
    for (let i = 0; session.state === "attached" && got.lastToken !== lastToken; i++) {
      if (i > answerTurns) throw new Fault("the client does not answer");
      await turns(1);
    }
  }
  const code = session.state === "over" ? (session.reason?.code ?? 0) : null;
  if (session.reason?.cause !== undefined)
    throw new Fault("an error of our own ended the session", session.reason.cause);
  session.close();
  tap.cut();
  await turns(1);
  if (pending !== 0) throw new Fault(`${pending} answers never settled`);
  if (session.size !== 0) throw new Fault(`${session.size} streams are left`);
  return { code, got, isSlow };
}
