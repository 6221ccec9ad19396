// N21: a link that goes down for a second and up for a second, again and again: two network namespaces and a pair of
// interfaces between them.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { bundle } from "../gateway/testing/child.js";
import type { Flapped } from "./testing/flapprogram.js";
import { gatewayProgram, type ProcessOptions } from "./testing/gatewayprocess.js";
import { form, isLong } from "./testing/long.js";
import { whyNoNamespace } from "./testing/namespace.js";
import { later, sleep, tidy } from "./testing/place.js";

const reason = whyNoNamespace();
const flaps = isLong ? 100 : 5;
const downMs = 1_000;
const upMs = 1_000;
const gatewayAddress = "10.99.0.1";
const clientAddress = "10.99.0.2";

afterEach(tidy);

// namespace makes one, which lives as long as the process that is in it, and gives that process's number.
async function namespace(): Promise<number> {
  const holder = spawn("unshare", ["-n", "sh", "-c", "echo in; exec sleep 3600"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = once(holder, "exit");
  later(async () => {
    holder.kill("SIGKILL");
    await ended;
  });
  await once(holder.stdout as NonNullable<typeof holder.stdout>, "data");
  return holder.pid as number;
}

// within runs a command in a namespace.
function within(pid: number, ...command: string[]): string {
  return execFileSync("nsenter", ["-t", String(pid), "-n", ...command], { encoding: "utf8" });
}

// start starts a Node program in a namespace; its messages come as those of a fork.
function start(pid: number, program: string, ...args: string[]): ChildProcess {
  const child = spawn(
    "nsenter",
    ["-t", String(pid), "-n", process.execPath, "--expose-gc", program, ...args],
    {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    },
  );
  const ended = once(child, "exit");
  later(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return child;
}

describe.skipIf(reason !== "")(`a link that flaps${reason && ` (${reason})`}`, () => {
  // A TCP of the usual patience waits until the link is back. One that gives up soon has the session look for another.
  test.each([
    ["whose TCP waits", [], 0],
    ["whose TCP gives up", ["net.ipv4.tcp_retries2=1"], 2],
  ] as const)(
    `N21: a client %s, ${flaps} times: everything arrives once and in order${form}`,
    {
      timeout: flaps * (downMs + upMs) + 120_000,
    },
    async (_, settings, attemptsEach) => {
      const [gatewayCode, clientCode] = await Promise.all([
        gatewayProgram(),
        bundle("../../src/testing/flapprogram.ts"),
      ]);
      later(() => gatewayCode.remove());
      later(() => clientCode.remove());
      const [here, there] = [await namespace(), await namespace()];
      within(here, "ip", "link", "add", "gonet0", "type", "veth", "peer", "name", "gonet1");
      within(here, "ip", "link", "set", "gonet1", "netns", String(there));
      for (const [pid, name, address] of [
        [here, "gonet0", gatewayAddress],
        [there, "gonet1", clientAddress],
      ] as const) {
        within(pid, "ip", "link", "set", "lo", "up");
        within(pid, "ip", "addr", "add", `${address}/24`, "dev", name);
        within(pid, "ip", "link", "set", name, "up");
      }
      for (const setting of settings) within(there, "sysctl", "-qw", setting);
      const options: ProcessOptions = {
        host: gatewayAddress,
        insecurePlainHTTP: true,
        limits: { graceMs: 120_000 },
      };
      const gateway = start(here, gatewayCode.path, JSON.stringify(options));
      const [{ url, token }] = (await once(gateway, "message")) as [{ url: string; token: string }];
      const client = start(there, clientCode.path, url, token);
      await once(client, "message"); // it has begun
      for (let i = 0; i < flaps; i++) {
        within(here, "ip", "link", "set", "gonet0", "down");
        await sleep(downMs);
        within(here, "ip", "link", "set", "gonet0", "up");
        await sleep(upMs);
      }
      client.send("end");
      const [told] = (await once(client, "message")) as [Flapped];
      const { attempts, states, ...transcript } = told;
      console.log(
        `${flaps} flaps: ${transcript.sent} lines, ${attempts} attempts, ${states.length} changes of state`,
      );
      expect(transcript).toEqual({ sent: transcript.sent, back: transcript.sent, isWhole: true });
      expect(transcript.sent).toBeGreaterThan(flaps * 10);
      expect(states).not.toContain("lost");
      expect(attempts).toBeLessThanOrEqual(attemptsEach * flaps);
      if (attemptsEach > 0) expect(attempts).toBeGreaterThan(0);
    },
  );
});
