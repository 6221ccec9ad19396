// N09, for real: a gateway that is killed and started anew.

import { afterEach, expect, test } from "vitest";
import type { Net } from "./connect.js";
import { connect } from "./node.js";
import { GatewayProcess, gatewayProgram } from "./testing/gatewayprocess.js";
import { failure, later, listening, sleep, tidy } from "./testing/place.js";

const clients = 40;
const awayMs = 1_000;

afterEach(tidy);

test("N09: every client of a gateway that is killed and comes back is back with its next operation", {
  timeout: 60_000,
}, async () => {
  const program = await gatewayProgram();
  later(() => program.remove());
  const limits = { graceMs: 120_000 };
  const first = await GatewayProcess.of(program.path, { limits });
  const { url, token } = first;
  const { address } = await listening((socket) => socket.on("error", () => {}));
  const nets: Net[] = [];
  for (let i = 0; i < clients; i++) {
    const net = await connect(url, { token });
    later(() => net.session.close());
    nets.push(net);
  }
  // Each has a read under way; when that fails it dials again, once, and is back or not.
  const backAt: number[] = [];
  const reasons = new Set<string>();
  const messages: string[] = [];
  let killedAt = 0;
  let dialed = 0;
  const all = nets.map(async (net) => {
    const c = await net.Dial("tcp", address);
    dialed++;
    const err = await failure(c.Read(new Uint8Array(1)));
    messages.push(err.message);
    reasons.add((err.cause as { reason: string }).reason);
    const again = await net.Dial("tcp", address);
    backAt.push(performance.now() - killedAt);
    await again.Close();
    await c.Close();
  });
  await expect.poll(() => dialed, { timeout: 30_000 }).toBe(clients);
  killedAt = performance.now();
  await first.stop();
  await sleep(awayMs);
  const second = await GatewayProcess.of(program.path, { port: Number(new URL(url).port), token, limits });
  later(() => second.stop());
  await Promise.all(all);
  for (const message of messages)
    expect(message).toMatch(/^read tcp .+->.+: read: connection reset by peer$/);
  expect([...reasons]).toEqual(["the gateway that had the session is gone"]);
  expect(nets.map((net) => net.session.status.state)).toEqual(Array(clients).fill("attached"));
  const [from = 0, to = 0] = [Math.min(...backAt), Math.max(...backAt)];
  console.log(
    `${clients} clients of a gateway that was away for ${awayMs / 1000} s: back ${from.toFixed(0)} to ${to.toFixed(0)} ms after it was killed`,
  );
});
