// A network in which everything vanishes for 5 s: what is to happen on time does, and what had to wait comes afterwards.

import { once } from "node:events";
import { connect as dialPlain, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { liveSockets } from "../native/index.js";
import type { TCPConn } from "./tcpsock.js";
import type { Chaos } from "./testing/chaos.js";
import { failure, listening, place, quantiles, sleep, text, tidy, utf8 } from "./testing/place.js";
import { Random } from "./testing/wirerandom.js";

const holeMs = 5_000;
const readers = 20;
const deadlinesEach = 10; // so 200 in all
const dialTimeoutMs = 1_000;

afterEach(tidy);

// What becomes of the link when the hole is over: it goes on, with what was held back; or the client's side of it died.
const ways: Record<string, (chaos: Chaos) => void> = {
  "and the link goes on": (chaos) => {
    for (const through of chaos.through) through.release();
  },
  "and the link is dead": (chaos) => {
    for (const through of chaos.through) {
      through.cut("halfOpen");
      through.release();
    }
  },
};

test.each(Object.entries(ways))("a black hole of 5 s, %s", { timeout: 60_000 }, async (_, endHole) => {
  const { net, chaos } = await place();
  const states: string[] = [];
  net.session.watch(({ state }) => states.push(state));
  const sources: Socket[] = [];
  const heard: [source: number, word: string][] = [];
  const { address: source } = await listening((socket) => {
    const i = sources.push(socket) - 1;
    socket.on("data", (data) => heard.push([i, data.toString()]));
  });
  const conns: TCPConn[] = [];
  for (let i = 0; i < readers; i++) conns.push(await net.Dial("tcp", source));
  await expect.poll(() => sources.length).toBe(readers);
  const l = await net.Listen("tcp", "127.0.0.1:0");
  const accepting = l.Accept();
  accepting.catch(() => {}); // it is awaited below
  const port = Number(l.Addr().String().split(":").at(-1));
  const won: Socket[] = [];
  const { address: target } = await listening((socket) => won.push(socket.resume()));
  await sleep(250); // the last ACK has passed

  // The hole begins behind a dial: its OPEN arrives, and the answer never does.
  const beginning = new Promise<number>((resolve) => {
    chaos.onPass = (through) => {
      chaos.onPass = null;
      through.hold();
      resolve(performance.now());
    };
  });
  const dialedAt = performance.now();
  const dialing = failure(net.DialTimeout("tcp", target, dialTimeoutMs));
  const began = await beginning;
  const over = sleep(holeMs).then(() => endHole(chaos));
  const inHole = (): boolean => performance.now() - began < holeMs;

  // The dial fails on time, in Go's words; the gateway has a socket that nobody wants.
  const err = await dialing;
  const dialMs = performance.now() - dialedAt;
  expect(inHole()).toBe(true);
  expect(err.message).toBe(`dial tcp ${target}: i/o timeout`);
  expect(won).toHaveLength(1);

  // Deadlines of reads pass on time, one after the other, on many connections.
  const random = new Random(5);
  const late: number[] = [];
  await Promise.all(
    conns.map(async (c) => {
      for (let i = 0; i < deadlinesEach; i++) {
        const ms = 50 + random.below(100);
        const from = performance.now();
        c.SetReadDeadline(Date.now() + ms);
        expect((await failure(c.Read(new Uint8Array(8)))).message).toMatch(/: i\/o timeout$/);
        late.push(performance.now() - from - ms);
      }
    }),
  );
  expect(inHole()).toBe(true);
  console.log(
    `dial with ${dialTimeoutMs} ms: ${dialMs.toFixed(1)} ms; deadlines of reads, ms too late: ${quantiles(late)}`,
  );

  // Meanwhile data comes for each of them, and ten clients for the listener.
  for (const [i, socket] of sources.entries()) socket.end(`late ${i}`);
  const clients: Socket[] = [];
  for (let i = 0; i < 10; i++) {
    const client = dialPlain({ port, host: "127.0.0.1" });
    await once(client, "connect");
    client.write(`client ${i}`);
    clients.push(client);
  }
  // What is written goes out afterwards, and is taken at once.
  expect(inHole()).toBe(true);
  await conns[0]?.Write(utf8("meanwhile"));
  await over;

  const said = await Promise.all(
    conns.map(async (c) => {
      c.SetReadDeadline(null);
      return text(await net.io.ReadAll(c));
    }),
  );
  const sourceOf = (c: TCPConn) =>
    sources.findIndex(({ remotePort }) => `127.0.0.1:${remotePort}` === c.LocalAddr()?.String());
  expect(said).toEqual(conns.map((c) => `late ${sourceOf(c)}`));
  await expect.poll(() => heard).toEqual([[sourceOf(conns[0] as TCPConn), "meanwhile"]]);

  const accepted = [await accepting];
  while (accepted.length < clients.length) accepted.push(await l.Accept());
  const b = new Uint8Array(20);
  const words: string[] = [];
  for (const c of accepted) words.push(text(b.subarray(0, await c.Read(b))));
  expect(words).toEqual(clients.map((_, i) => `client ${i}`));
  expect(accepted.map((c) => c.RemoteAddr()?.String())).toEqual(
    clients.map(({ localPort }) => `127.0.0.1:${localPort}`),
  );

  // The late socket was closed at its target.
  await expect.poll(() => won[0]?.readableEnded || won[0]?.destroyed).toBe(true);
  expect(states).toEqual(states.length === 0 ? [] : ["detached", "attached"]);
  for (const c of [...conns, ...accepted]) await c.Close();
  for (const socket of [...clients, ...won]) socket.destroy();
  await l.Close();
  await expect.poll(liveSockets).toBe(0);
});
