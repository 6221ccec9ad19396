// N16: the link breaks while 64 sources send as fast as they can.

import { afterEach, expect, test } from "vitest";
import { connect } from "./node.js";
import type { TCPConn } from "./tcpsock.js";
import { Chaos } from "./testing/chaos.js";
import { GatewayProcess } from "./testing/gatewayprocess.js";
import { later, listening, sleep, tidy } from "./testing/place.js";

const streams = 64;
const outageMs = 3_000;
const mib = 1024 * 1024;
// What the gateway may keep more while there is no link: the frames that wait to be sent. RSS is less exact.
const keptBytes = 4 * mib;
const slackBytes = mib;
const rssBytes = 24 * mib;

afterEach(tidy);

test("N16: an outage while 64 streams stream in: they stall, memory stays bounded, and all go on", {
  timeout: 60_000,
}, async () => {
  const chaos = await Chaos.start();
  later(() => chaos.close());
  const gateway = await GatewayProcess.start({
    hosts: [`127.0.0.1:${chaos.port}`],
    limits: { graceMs: 120_000 },
  });
  later(() => gateway.stop());
  const url = new URL(gateway.url);
  chaos.target = Number(url.port);
  url.port = String(chaos.port);
  const net = await connect(url, { token: gateway.token, redialMs: [0, 20] });
  later(() => net.session.close());

  let sent = 0;
  const failed: string[] = [];
  const piece = Buffer.alloc(64 * 1024);
  const { address } = await listening((socket) => {
    socket.on("error", (err) => failed.push(err.message));
    const more = (): void => {
      do sent += piece.length;
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on("drain", more);
    more();
  });
  const got = new Array<number>(streams).fill(0);
  let firstAt = 0; // when something came for the first time since this was 0
  const conns: TCPConn[] = [];
  for (let i = 0; i < streams; i++) conns.push(await net.Dial("tcp", address));
  const reading = conns.map(async (c, i) => {
    const b = new Uint8Array(64 * 1024);
    for (;;) {
      const n = await c.Read(b).catch(() => 0);
      if (n === 0) return;
      got[i] = (got[i] as number) + n;
      if (firstAt === 0) firstAt = performance.now();
    }
  });
  await expect.poll(() => Math.min(...got), { timeout: 20_000 }).toBeGreaterThan(256 * 1024);

  const before = await gateway.holdings();
  let attachedAt = 0;
  net.session.watch(({ state }) => {
    if (state === "attached") attachedAt = performance.now();
  });
  chaos.isDown = true;
  chaos.cut("reset");
  await sleep(outageMs / 3);
  const stalled = sent;
  await sleep(outageMs / 3);
  expect(sent).toBe(stalled);
  const during = await gateway.holdings();
  await sleep(outageMs / 3);
  expect(sent).toBe(stalled);
  const halted = [...got];
  firstAt = 0;
  chaos.isDown = false;
  await expect.poll(() => got.every((n, i) => n > (halted[i] as number)), { timeout: 20_000 }).toBe(true);
  const grown = (what: "rss" | "arrayBuffers" | "heapUsed") => during[what] - before[what];
  console.log(
    `in the outage: rss ${(grown("rss") / mib).toFixed(1)} MiB, buffers ${(grown("arrayBuffers") / mib).toFixed(1)} MiB more;`,
    `first byte ${(firstAt - attachedAt).toFixed(1)} ms after the new link`,
  );
  expect(grown("arrayBuffers") + grown("heapUsed")).toBeLessThan(keptBytes + slackBytes);
  expect(grown("rss")).toBeLessThan(rssBytes);
  expect(failed).toEqual([]);
  expect(net.session.status.state).toBe("attached");
  await Promise.all(conns.map((c) => c.Close()));
  await Promise.all(reading);
});
