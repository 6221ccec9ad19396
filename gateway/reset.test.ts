import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle, Child, type Program } from "./testing/child.js";
import { exchange, handshake, opened } from "./testing/rawclient.js";

// A20: a caller that goes away while its token is looked at.

const rounds = 1000;
const atOnce = 50;

let program: Program;
let child: Child;
let port: number;

beforeAll(async () => {
  program = await bundle("resetvictim.ts");
  child = new Child(program.path);
  port = Number((await child.line(/ready \d+/)).slice("ready ".length));
});

afterAll(async () => {
  await child.end();
  program.remove();
});

// The ways to go away: a reset, an end, an end of the sending side alone, garbage before any of them.
const ways = ["reset", "destroy", "end", "garbage"] as const;

async function mistreat(i: number): Promise<void> {
  const way = ways[i % ways.length]!;
  const host = `127.0.0.1:${port}`;
  const token = i % 3 === 0 ? "wrong" : "right";
  const socket = await opened(port, handshake({ host, token }));
  // Some go at once, some in the middle of the wait; which of them is the same in each run.
  await new Promise((resolve) => setTimeout(resolve, (i * 37) % 300));
  if (way === "garbage") socket.write(Buffer.alloc(2000, i));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.resume();
  if (way === "reset") socket.resetAndDestroy();
  else if (way === "end") socket.end();
  else socket.destroy();
  await closed;
}

test(`${rounds} callers that go away in the middle do not end the process`, { timeout: 60_000 }, async () => {
  const { pid } = child.process;
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < rounds) await mistreat(next++);
    }),
  );
  const answer = await exchange(port, handshake({ host: `127.0.0.1:${port}`, token: "quick" }));
  expect(answer.status).toBe(101);
  expect(child.process.pid).toBe(pid);
  expect(child.process.exitCode).toBeNull();
  expect(child.stdout).not.toMatch(/uncaught|unhandled/);
});
