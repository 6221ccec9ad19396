// The client of linkflap.test.ts, in a network namespace of its own: it sends numbered lines and echoes them over a link
// that goes down and comes up, until it is told to end, and tells what it saw.

import { connect } from "../node.js";

const [url = "", token = ""] = process.argv.slice(2);
const everyMs = 10;

/** Flapped is what it saw. */
export interface Flapped {
  readonly sent: number;
  /** back is how many lines came back; isWhole says that they were all and in order. */
  readonly back: number;
  readonly isWhole: boolean;
  /** states are those of the session, in order; attempts counts the links that were tried after the first. */
  readonly states: readonly string[];
  readonly attempts: number;
}

process.on("disconnect", () => process.exit(0));
const net = await connect(url, { token });
const states: string[] = [];
net.session.watch(({ state }) => states.push(state));
// Both ends are ours, so each line crosses the link four times.
await using l = await net.Listen("tcp", "127.0.0.1:0");
const [c, d] = await Promise.all([net.Dial("tcp", l.Addr().String()), l.AcceptTCP()]);
const echoing = net.io.Copy(d, d).then(() => d.CloseWrite());

process.send?.("begun");
let isEnding = false;
process.once("message", () => {
  isEnding = true;
});
let sent = 0;
const writing = (async () => {
  while (!isEnding) {
    await c.Write(new TextEncoder().encode(`${sent++}\n`));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  await c.CloseWrite();
})();
let all = "";
for await (const chunk of c) all += new TextDecoder().decode(chunk);
await Promise.all([writing, echoing]);
const lines = all.split("\n").slice(0, -1);
const told: Flapped = {
  sent,
  back: lines.length,
  isWhole: lines.length === sent && lines.every((line, i) => Number(line) === i),
  states,
  // Each attempt that failed, and each link that ended, is told as "detached".
  attempts: states.filter((state) => state === "detached").length,
};
process.send?.(told);
