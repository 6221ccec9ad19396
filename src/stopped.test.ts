// N19: a client that is stopped, as a machine that sleeps stops it, and goes on later.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type ServeOptions, serve } from "../gateway/index.js";
import { bundle, type Program } from "../gateway/testing/child.js";
import { liveSockets } from "../native/index.js";
import { form, isLong } from "./testing/long.js";
import { later, listening, sleep, tidy } from "./testing/place.js";
import type { Told } from "./testing/stoppedprogram.js";

// In the short form the gateway loses patience sooner.
const limits = isLong ? {} : { pingMs: 200, deadMs: 800, graceMs: 3_000 };
const shortMs = isLong ? 90_000 : 1_500;
const longMs = isLong ? 600_000 : 5_500;

let program: Program;
beforeAll(async () => {
  program = await bundle("../../src/testing/stoppedprogram.ts");
});
afterAll(() => program.remove());
afterEach(tidy);

class Client {
  readonly told: Told[] = [];
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
    child.on("message", (told) => this.told.push(told as Told));
  }

  static async start(options: ServeOptions): Promise<Client> {
    const gateway = await serve({ webRoot: null, ...options });
    later(() => gateway.close());
    const { address } = await listening((socket) => socket.on("error", () => {}).pipe(socket));
    const child = fork(program.path, [gateway.url, gateway.token, address]);
    const ended = once(child, "exit");
    later(async () => {
      child.kill("SIGKILL");
      await ended;
    });
    return new Client(child);
  }

  get states(): string[] {
    return this.told.flatMap((told) => ("state" in told ? [told.state] : []));
  }

  get back(): number[] {
    return this.told.flatMap((told) => ("back" in told ? [told.back] : []));
  }

  async stop(ms: number): Promise<void> {
    this.#process.kill("SIGSTOP");
    await sleep(ms);
    this.#process.kill("SIGCONT");
  }
}

const patience = { timeout: 20_000 };

test(`N19: who was stopped for ${shortMs / 1000} s finds its session again, and nothing is lost${form}`, {
  timeout: shortMs + 60_000,
}, async () => {
  const client = await Client.start({ limits });
  await expect.poll(() => client.back.length, patience).toBeGreaterThan(5);
  await client.stop(shortMs);
  const { length } = client.back;
  await expect.poll(() => client.back.length, patience).toBeGreaterThan(length + 20);
  expect(client.back).toEqual(client.back.map((_, i) => i));
  expect(client.states.filter((state, i, all) => state !== all[i - 1])).toEqual(["detached", "attached"]);
});

test(`N19: who was stopped for ${longMs / 1000} s has lost it, and is told so once${form}`, {
  timeout: longMs + 60_000,
}, async () => {
  const client = await Client.start({ limits });
  await expect.poll(() => client.back.length, patience).toBeGreaterThan(5);
  await client.stop(longMs);
  await expect
    .poll(() => client.told.filter((told) => "failed" in told), patience)
    .toEqual([
      {
        failed: expect.stringMatching(/^read tcp .+->.+: read: connection reset by peer$/),
        code: "GONET_SESSION_LOST",
        reason: expect.stringMatching(/^(no such session|no way back to the gateway in time)$/),
      },
    ]);
  expect(client.states.at(-1)).toBe("lost");
  expect(client.back).toEqual(client.back.map((_, i) => i));
  await expect.poll(liveSockets).toBe(0);
});
