// The gateway's half of the wire alone: a session with a handler that needs no kernel, so that millions of frames go
// through it.

import { closeCode, PiecesError } from "../../wire/errors.js";
import { Greeting } from "../../wire/greeting.js";
import { defaultLimits } from "../../wire/limits.js";
import { type Handler, Session } from "../../wire/session.js";
import type { Stream } from "../../wire/stream.js";
import type { Case } from "./case.js";
import { type Played, playClient } from "./gatewayside.js";
import { Fault } from "./oracle.js";

const resumeKey = new Uint8Array(32).fill(7);
const noKey = new Uint8Array();
const packetNetworks = /^(udp|ip)/;

// serveStream reads what comes and says it back, and ends when the other side has.
function serveStream(stream: Stream): void {
  stream.onReadable = () => {
    for (let chunk = stream.peek(); chunk !== null; chunk = stream.peek()) {
      if (!stream.finSent && stream.state === "open") {
        const frame = new Uint8Array(12 + Math.min(chunk.length, 100));
        frame.set(chunk.subarray(0, 100), 12);
        const queue = [frame];
        stream.source = { pull: (max) => (max + 12 < frame.length ? null : (queue.pop() ?? null)) };
        stream.ready();
      }
      stream.drop(chunk.length);
    }
    if (stream.finReceived && !stream.finSent && stream.state === "open") stream.fin();
    if (stream.peerClosed) stream.close();
  };
}

const handler: Handler = {
  open(stream, op, args) {
    switch (op) {
      case "listen":
      case "fileListener":
        stream.becomeListener(() => {});
        stream.opened([]);
        stream.onWritable = () => {
          if (stream.state === "open" && stream.credit > 0 && stream.credit < 20)
            serveStream(stream.accepted([]));
        };
        stream.onReadable = () => stream.peerClosed && stream.close();
        return;
      case "dial":
      case "fileConn":
      case "listenPacket":
      case "listenMulticast":
        if (args[1] === null) return stream.refused(["errno", "connect", "ECONNREFUSED"], null, null);
        stream.isUnnumbered = packetNetworks.test(String(args[0]));
        stream.opened([]);
        return serveStream(stream);
      case "wait":
        stream.onCancel = () => stream.refused(["canceled"], null, null);
        return;
      default:
        stream.refused(["text", "unknown operation"], null, null);
    }
  },
  call(stream, op, args) {
    if (op === "file") return new Promise((resolve) => setImmediate(() => resolve([7])));
    if (stream === null && args.length > 3) throw new PiecesError(["text", "no"]);
    return args.slice(0, 3);
  },
};

/** playSession plays a case to such a session. */
export async function playSession(c: Case): Promise<Played> {
  const session = new Session({ role: "gateway", handler, id: "g.1", gatewayID: "g", resumeKey });
  const played = await playClient(c, (tap) => {
    const greeting = new Greeting(tap, {
      helloMs: defaultLimits.helloMs,
      onHello(_, line, said) {
        const isOurs =
          said.sessionID === session.id && Buffer.compare(said.resumeKey ?? noKey, resumeKey) === 0;
        if (session.state === "waiting" && said.sessionID === null) return session.begin(line, said);
        const code = isOurs ? session.resume(line, said) : closeCode.noSession;
        if (code !== null) greeting.refuse(code, "no such session");
      },
      onOver() {},
    });
  });
  const { reason } = session;
  session.close();
  if (reason?.cause !== undefined) throw new Fault("an error of our own ended the session", reason.cause);
  return played;
}
