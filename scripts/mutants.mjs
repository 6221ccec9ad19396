// mutants shows that the tests of resuming sessions would notice its mistakes: each mutant below is made in a copy of the
// tree, and at least one test must fail there. "npm run mutants" makes all of them, with names only those.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, seconds } from "./process.mjs";

const copied = ["package.json", "vitest.config.ts", "tsconfig.base.json", "src", "gateway"];
const skipped = /\/(dist|web)(\/|$)/;
const linked = ["node_modules", "native"];
const timeoutMs = 180_000;

// What the simulation needs to find the rarest of the mistakes.
const simulatedSeeds = "2000";

const attachmentFile = "src/wire/attachment.ts";
const senderFile = "src/wire/sender.ts";
const replayFile = "src/wire/replay.ts";
const sessionsFile = "gateway/sessions.ts";
const wireTests = ["src/wire/resume.test.ts"];
const simulation = ["src/wire/simulation.test.ts"];
const gatewayTests = ["gateway/sessions.test.ts"];

/** @typedef {[file: string, find: string, replace: string]} Edit */
/** @type {{ name: string, edits: Edit[], tests: string[] }[]} */
const mutants = [
  {
    name: "no-supersede-guard",
    edits: [
      [
        attachmentFile,
        "    if (line !== this.#line) {\n      this.#session.counts.supersededFrames++;\n      return false;\n    }\n",
        "",
      ],
      [attachmentFile, "    return line === this.#line;\n", "    return true;\n"],
      [attachmentFile, "    line?.transport.terminate();\n", ""],
    ],
    tests: wireTests,
  },
  {
    name: "no-supersede-guard-no-numbers",
    edits: [
      [
        attachmentFile,
        "    if (line !== this.#line) {\n      this.#session.counts.supersededFrames++;\n      return false;\n    }\n",
        "",
      ],
      [attachmentFile, "    return line === this.#line;\n", "    return true;\n"],
      [attachmentFile, "    line?.transport.terminate();\n", ""],
      [attachmentFile, "    const seq = ++line.received;\n", "    const seq = this.received + 1;\n"],
    ],
    tests: simulation,
  },
  {
    name: "evict-instead-of-block",
    edits: [
      [
        senderFile,
        "Math.min(this.#credit.room, this.#owner.limits.replayBytes - this.replay.dataBytes)",
        "this.#credit.room",
      ],
      [
        replayFile,
        "    else this.#controlBytes += frame.length;\n  }\n",
        "    else this.#controlBytes += frame.length;\n    if (this.#dataBytes > 3000) this.acknowledge(this.#firstSeq);\n  }\n",
      ],
    ],
    tests: simulation,
  },
  {
    name: "no-client-replay",
    edits: [
      [
        attachmentFile,
        "this.#sender.attach(line, peerReceived);",
        'this.#sender.attach(line, peerReceived !== null && this.#session.role === "client" ? this.#sender.replay.highest : peerReceived);',
      ],
    ],
    tests: [...wireTests, ...simulation],
  },
  {
    name: "no-gateway-replay",
    edits: [
      [
        attachmentFile,
        "this.#sender.attach(line, peerReceived);",
        'this.#sender.attach(line, peerReceived !== null && this.#session.role === "gateway" ? this.#sender.replay.highest : peerReceived);',
      ],
    ],
    tests: [...wireTests, ...simulation],
  },
  {
    name: "received-read-before-the-old-link-is-dropped",
    edits: [
      [
        attachmentFile,
        "    this.#dropLine();\n    this.#line = line;\n    line.owner = this;\n    this.#welcome(line, null);\n",
        "    this.#welcome(line, null);\n    this.#line?.transport.terminate();\n    this.#dropLine();\n    this.#line = line;\n    line.owner = this;\n",
      ],
    ],
    tests: wireTests,
  },
  {
    name: "no-epoch-check",
    edits: [[attachmentFile, "    if (said.epoch <= this.#epoch) return closeCode.superseded;\n", ""]],
    tests: [...wireTests, ...gatewayTests],
  },
  {
    name: "no-ack-after-resume",
    edits: [[senderFile, "      this.#ack(line);\n    }\n    this.want();\n", "    }\n    this.want();\n"]],
    tests: wireTests,
  },
  {
    name: "no-bounds-on-received",
    edits: [
      [
        attachmentFile,
        "    if (said.received < acknowledged || said.received > highest) return closeCode.protocol;\n",
        "    if (said.received < acknowledged) return closeCode.protocol;\n",
      ],
    ],
    tests: wireTests,
  },
  {
    name: "no-pause-while-sending-again",
    edits: [
      [
        senderFile,
        "this.replay.unsent > 0 && this.#waiting(line, 0) < this.#owner.limits.linkBuffer",
        "this.replay.unsent > 0",
      ],
    ],
    tests: wireTests,
  },
  {
    name: "new-frames-overtake-old-ones",
    edits: [
      [
        senderFile,
        "    if (line === null || this.replay.unsent > 1) return;\n    this.replay.next();\n",
        "    if (line === null) return;\n    this.replay.next();\n",
      ],
    ],
    tests: [...wireTests, ...simulation],
  },
  {
    name: "any-key-will-do",
    edits: [
      [
        sessionsFile,
        "if (held === undefined || !isKey) return noSession;",
        "if (held === undefined) return noSession;",
      ],
    ],
    tests: gatewayTests,
  },
  {
    name: "anybody-with-the-key",
    edits: [[sessionsFile, "held.principal !== caller.principal", "held.principal === null"]],
    tests: gatewayTests,
  },
  {
    name: "grace-without-end",
    edits: [[sessionsFile, "    held.grace = setTimeout(", "    held.grace = held.grace ?? setTimeout("]],
    tests: gatewayTests,
  },
  {
    name: "grace-goes-on-after-resume",
    edits: [[sessionsFile, "onAttached: () => clearTimeout(held.grace),", "onAttached: () => {},"]],
    tests: gatewayTests,
  },
  {
    name: "a-busy-client-has-a-dead-link",
    edits: [["src/wire/heartbeat.ts", "late > lateMs && !this.#excused", "late < 0"]],
    tests: ["src/wire/blocked.test.ts"],
  },
  {
    name: "no-packet-without-credit",
    edits: [["src/wire/stream.ts", "    this.#mayBegin = true; //", "    //"]],
    tests: simulation,
  },
  {
    name: "lost-credit-stays-lost",
    edits: [
      [
        "src/wire/stream.ts",
        "    this.#lost(offset - this.#received);\n",
        "    this.#consumed += offset - this.#received;\n",
      ],
    ],
    tests: wireTests,
  },
];

/**
 * mutate makes the edits; a place that is not there exactly once means that the list above is out of date.
 * @param {string} dir
 * @param {Edit[]} edits
 */
async function mutate(dir, edits) {
  for (const [file, find, replace] of edits) {
    const path = join(dir, file);
    const text = await readFile(path, "utf8");
    if (text.split(find).length !== 2) throw new Error(`${file} does not have this once:\n${find}`);
    await writeFile(
      path,
      text.replace(find, () => replace),
    );
  }
}

/**
 * run runs tests in dir up to the first that fails, and gives its name; "" if all passed. What fails otherwise (a file
 * that could not be loaded) proves nothing and is thrown.
 * @param {string} dir
 * @param {string[]} tests
 * @returns {Promise<string>}
 */
async function run(dir, tests) {
  const report = join(dir, "report.json");
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const options = ["run", "--bail", "1", "--root", dir, "--reporter", "json", "--outputFile", report];
  const child = spawn(process.execPath, [vitest, ...options, ...tests], {
    cwd: dir,
    env: { ...process.env, GONET_SIM_SEEDS: simulatedSeeds },
    stdio: "ignore",
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  const [code] = await once(child, "exit");
  clearTimeout(timer);
  if (code === null) return "the tests, which never end";
  const { testResults } = JSON.parse(await readFile(report, "utf8"));
  for (const { assertionResults } of testResults) {
    for (const { status, fullName } of assertionResults) if (status === "failed") return fullName;
  }
  if (code !== 0) throw new Error(`no test failed, and yet vitest ended with ${code}`);
  return "";
}

/** copyTree makes a tree in which everything but the sources is the checkout's own. */
async function copyTree() {
  const dir = await mkdtemp(join(tmpdir(), "gonet-mutants-"));
  for (const name of copied) {
    const filter = (/** @type {string} */ path) => !skipped.test(path.slice(root.length));
    await cp(join(root, name), join(dir, name), { recursive: true, filter });
  }
  for (const name of linked) await symlink(join(root, name), join(dir, name));
  return dir;
}

/** @param {string[]} names */
async function main(names) {
  const chosen = names.length === 0 ? mutants : mutants.filter(({ name }) => names.includes(name));
  if (chosen.length === 0) {
    throw new Error(`no such mutant; there are ${mutants.map(({ name }) => name).join(", ")}`);
  }
  const all = [...new Set(chosen.flatMap(({ tests }) => tests))];
  const alive = [];
  for (const { name, edits, tests } of [{ name: "", edits: [], tests: all }, ...chosen]) {
    const dir = await copyTree();
    try {
      await mutate(dir, edits);
      const started = performance.now();
      const failed = await run(dir, tests);
      const took = seconds(performance.now() - started);
      if (name === "") {
        if (failed !== "") throw new Error(`without any mutant this fails: ${failed}`);
        console.log(`without a mutant all tests pass (${took})`);
      } else if (failed === "") {
        alive.push(name);
        console.log(`ALIVE ${name} (${took})`);
      } else console.log(`found ${name} (${took}): ${failed}`);
    } finally {
      await rm(dir, { recursive: true });
    }
  }
  if (alive.length > 0) throw new Error(`no test fails with ${alive.join(", ")}`);
  console.log(`${chosen.length} mutants, each found by a test`);
}

try {
  await main(process.argv.slice(2));
} catch (err) {
  console.error(/** @type {Error} */ (err).message);
  process.exitCode = 1;
}
