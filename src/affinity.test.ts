// Two gateways behind a real HAProxy: a session goes on where it lives.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Gateway, serve } from "../gateway/index.js";
import { connect } from "./node.js";
import { Chaos } from "./testing/chaos.js";
import { installLimitMs, program, whyNoProgram } from "./testing/debian.js";
import { freePort, later, listening, listens, text, tidy, utf8 } from "./testing/place.js";

const reason = whyNoProgram("haproxy", "haproxy");
const ids = ["a", "b"] as const;
const token = "the-token-of-both-gateways";

describe.skipIf(reason !== "")(`behind HAProxy${reason && ` (${reason})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "gonet-haproxy-"));
  const gateways: Gateway[] = [];
  let haproxy: ChildProcess;
  let named: Chaos; // the way to where HAProxy looks at the name in the URL, and to where it does not
  let blind: Chaos;
  // answers are what the gateways logged about links that asked for a session.
  const answers: { msg: string; code?: number }[] = [];

  beforeAll(async () => {
    [named, blind] = [await Chaos.start(), await Chaos.start()];
    for (const chaos of [named, blind]) chaos.target = await freePort();
    const note = (fields: object, msg: string): void => {
      if (msg.startsWith("resume")) answers.push({ ...fields, msg });
    };
    const logger = { debug() {}, info: note, warn: note, error: note };
    const hosts = [named, blind].map(({ port }) => `127.0.0.1:${port}`);
    for (const gatewayID of ids)
      gateways.push(await serve({ webRoot: null, token, gatewayID, hosts, logger }));
    const servers = gateways.map(
      ({ url }, i) => `  server ${ids[i]} 127.0.0.1:${new URL(url).port} no-check\n`,
    );
    const rules = ids.map((id) => `  use-server ${id} if { urlp(gateway) ${id} }\n`);
    const config = [
      "global\n  nbthread 1\n",
      "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n  timeout tunnel 1h\n",
      `frontend named\n  bind 127.0.0.1:${named.target}\n  default_backend named\n`,
      `frontend blind\n  bind 127.0.0.1:${blind.target}\n  default_backend blind\n`,
      `backend named\n  balance roundrobin\n${rules.join("")}${servers.join("")}`,
      `backend blind\n  balance roundrobin\n${servers.join("")}`,
    ];
    writeFileSync(join(folder, "haproxy.cfg"), config.join(""));
    haproxy = spawn(program("haproxy") as string, ["-db", "-f", join(folder, "haproxy.cfg")]);
    await listens(named.target);
  }, installLimitMs);

  afterAll(async () => {
    const ended = once(haproxy, "exit");
    haproxy.kill("SIGKILL");
    await ended;
    for (const gateway of gateways) await gateway.close();
    for (const chaos of [named, blind]) await chaos.close();
    rmSync(folder, { recursive: true });
  });

  afterEach(tidy);

  // goOn breaks the link so many times, has a connection echo something each time, and gives what the gateways said.
  async function goOn(chaos: Chaos, times: number): Promise<string[]> {
    const { address } = await listening((socket) => socket.pipe(socket));
    const net = await connect(`ws://127.0.0.1:${chaos.port}`, { token, redialMs: [0] });
    later(() => net.session.close());
    answers.length = 0;
    const c = await net.Dial("tcp", address);
    const b = new Uint8Array(100);
    for (let i = 0; i < times; i++) {
      chaos.cut("reset");
      await c.Write(utf8(`round ${i}`));
      expect(text(b.subarray(0, await c.Read(b)))).toBe(`round ${i}`);
    }
    await c.Close();
    return answers.map(({ msg, code }) => `${msg} ${code ?? ""}`.trim());
  }

  test("N10: a session goes back to its gateway, whose name is in the URL", async () => {
    const rounds = 10;
    expect(await goOn(named, rounds)).toEqual(Array(rounds).fill("resumed"));
  });

  test("N10: where the proxy does not look at it, the wrong gateway says so and the next attempt, at once, is right", async () => {
    const rounds = 10;
    const round = ["resume denied 4421", "resumed"];
    expect(await goOn(blind, rounds)).toEqual(Array(rounds).fill(round).flat());
  });
});
