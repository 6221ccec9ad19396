// Runs scenarios against a gateway of its own, over a WebSocket, and prints their transcripts as JSON:
//   node main.js <program of the gateway> [scenario ...]
// Where it runs decides what the scenarios see: netns-run.sh makes the right place.

import { type ChildProcess, spawn } from "node:child_process";
import { connect } from "../../src/node.js";
import { Chaos } from "../../src/testing/chaos.js";
import { addressScenarios } from "./addresses.js";
import { dialScenarios } from "./dial.js";
import { dnsScenarios } from "./dns.js";
import { endScenarios } from "./ends.js";
import { ipScenarios } from "./ip.js";
import { packetScenarios } from "./packets.js";
import { pipeScenarios } from "./pipe.js";
import { type Scenario, Transcript, within } from "./scenario.js";
import { stoppedScenarios } from "./stopped.js";
import { tcpScenarios } from "./tcp.js";
import { udpScenarios } from "./udp.js";
import { unixScenarios } from "./unix.js";
import { unixMoreScenarios } from "./unixmore.js";

const limitMs = 20_000;

const scenarios: Readonly<Record<string, Scenario>> = {
  ...dialScenarios,
  ...tcpScenarios,
  ...endScenarios,
  ...addressScenarios,
  ...pipeScenarios,
  ...dnsScenarios,
  ...packetScenarios,
  ...udpScenarios,
  ...ipScenarios,
  ...unixScenarios,
  ...unixMoreScenarios,
  ...stoppedScenarios,
};

/** openURL is the URL that the gateway prints when it is ready, with its token. */
function openURL(gateway: ChildProcess): Promise<URL> {
  return new Promise((resolve, reject) => {
    let said = "";
    gateway.stdout?.on("data", (chunk) => {
      said += chunk;
      const [url] = /http:\S+(?=\n)/.exec(said) ?? [];
      if (url !== undefined) {
        resolve(new URL(url));
      }
    });
    gateway.once("exit", (code) => reject(new Error(`the gateway ended with ${code}; it said: ${said}`)));
  });
}

async function run(scenario: Scenario, t: Transcript): Promise<void> {
  const over = scenario(t).then(
    () => null,
    (err) => `UNEXPECTED: ${t.text(err)}`,
  );
  const line = await within(limitMs, over, "SCENARIO TIMED OUT");
  if (line !== null) {
    t.line(line);
  }
  await t.end();
}

const [program = "", ...only] = process.argv.slice(2);
const chaos = await Chaos.start();
const host = `127.0.0.1:${chaos.port}`;
const args = [program, "serve", "--listen", "127.0.0.1:0", "--host-name", host, "--log-level", "warn"];
const gateway = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
try {
  const { origin, hash } = await openURL(gateway);
  const token = new URLSearchParams(hash.slice(1)).get("token") ?? "";
  const net = await connect(origin, { token });
  chaos.target = Number(new URL(origin).port);
  const badNetwork = async () => ({ net: await connect(`ws://${host}`, { token }), chaos });
  const transcripts: Record<string, string[]> = {};
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (only.length > 0 && !only.includes(name)) {
      continue;
    }
    const t = new Transcript(net, badNetwork);
    await run(scenario, t);
    transcripts[name] = t.lines;
  }
  await net.session.close();
  console.log(JSON.stringify(transcripts));
} finally {
  await chaos.close();
  gateway.kill("SIGKILL");
}
