// npm run bench: how fast gonet is, as ratios to direct TCP and to a bare relay over WebSockets, measured in turns in one
// run. See docs/performance.md.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { findBrowser } from "../scripts/browser.mjs";
import { allBuilds } from "../scripts/builds.mjs";
import { Failure, main, root } from "../scripts/process.mjs";
import { setup } from "../scripts/setup.mjs";
import { openBrowser, PageServer } from "./browser.mjs";
import { Child } from "./child.mjs";
import { measures, quickMeasures } from "./measures.mjs";
import { baselineOf, own, result, table, worse } from "./report.mjs";

const help = `npm run bench -- [options]

  --quick            fewer measures, fewer rounds: about a minute
  --only <names>     measures, with commas: ${Object.keys(measures).join(", ")}, memory
  --client <name>    node or page; both if left away
  --rounds <n>       rounds of each measure; 9, with --quick 3
  --round-ms <n>     about how long one way takes in one round; 400, with --quick 250
  --against <folder> another checkout with its own dist, as a further way
  --profile <folder> write a CPU profile of each process there
  --check            exit with 1 if a ratio is worse than bench/baseline.json tolerates
  --save-baseline    write bench/baseline.json`;

const usageCode = 2;
const idle = { connections: 1000, sessions: 200 };
const kib = 1024;

/** against is the name of the way through another checkout's build. */
const against = "against";
const baselinePath = join(root, "bench/baseline.json");
const resultsFolder = join(root, "bench/results");

/** @typedef {import("./report.mjs").Result} Result */
/** @typedef {{ url: string, token?: string, file?: string, module?: string }} Place */
/** @typedef {{ ask: (job: string, ...args: any[]) => Promise<any>, cpuMicros?: () => number | null }} Asked */

await main(async () => {
  const options = parse();
  await setup({ builds: allBuilds });
  const results = await measureAll(options);

  for (const client of new Set(results.map((r) => r.client))) {
    process.stdout.write(`\nclient: ${client}\n\n${table(results.filter((r) => r.client === client))}\n`);
  }
  mkdirSync(resultsFolder, { recursive: true });
  const about = { at: new Date().toISOString(), node: process.version, processors: cpus().length };
  const path = join(resultsFolder, `${about.at.replaceAll(":", "-")}.json`);
  writeFileSync(path, `${JSON.stringify({ ...about, results }, null, 2)}\n`);
  process.stderr.write(`\n${path}\n`);

  /** @type {import("./report.mjs").Baseline} */
  const baseline = existsSync(baselinePath) ? JSON.parse(readFileSync(baselinePath, "utf8")) : {};
  if (options.save) {
    const fresh = { ...baseline, ...baselineOf(results, ["direct", "ws"]) };
    writeFileSync(baselinePath, `${JSON.stringify(fresh, null, 2)}\n`);
    return;
  }
  const found = worse(results, baseline);
  if (found.length === 0) return;
  process.stdout.write(`\nworse than the baseline:\n${found.map((line) => `  ${line}\n`).join("")}`);
  if (options.check) throw new Failure(`${found.length} ratios are worse than the baseline tolerates.`);
});

function parse() {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      client: { type: "string" },
      rounds: { type: "string" },
      "round-ms": { type: "string" },
      against: { type: "string" },
      profile: { type: "string" },
      check: { type: "boolean", default: false },
      "save-baseline": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) throw new Failure(help, "", 0);
  const known = [...Object.keys(measures), "memory"];
  const names = values.only?.split(",") ?? (values.quick ? [...quickMeasures, "memory"] : known);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Failure(`no such measure: ${unknown.join(", ")}\n\n${help}`, "", usageCode);
  const clients = values.client === undefined ? ["node", "page"] : [values.client];
  if (clients.some((client) => client !== "node" && client !== "page"))
    throw new Failure(help, "", usageCode);
  return {
    names,
    clients,
    rounds: Number(values.rounds ?? (values.quick ? 3 : 9)),
    roundMs: Number(values["round-ms"] ?? (values.quick ? 250 : 400)),
    against: values.against === undefined ? null : resolve(values.against),
    nodeArgs: values.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${resolve(values.profile)}`],
    check: values.check,
    save: values["save-baseline"],
  };
}

/**
 * @param {ReturnType<typeof parse>} options
 * @returns {Promise<Result[]>}
 */
async function measureAll(options) {
  /** @type {(() => unknown)[]} */
  const endings = [];
  /** @param {string} program @param {string[]} [args] @param {string[]} [nodeArgs] */
  const start = (program, args, nodeArgs = []) => {
    const child = new Child(new URL(program, import.meta.url), args, [...options.nodeArgs, ...nodeArgs]);
    endings.unshift(() => child.stop());
    return child;
  };
  try {
    const ports = await start("target.mjs").ask("ports");
    const timed = options.names.filter((name) => name !== "memory");
    /** @type {Result[]} */
    const results = [];
    if (timed.length > 0) {
      /** @type {Record<string, string>} */
      const checkouts = { [own]: root, ...(options.against === null ? {} : { [against]: options.against }) };
      const pages = new PageServer({ bench: join(root, "bench"), ...folders(checkouts) });
      const origin = await pages.listen();
      endings.unshift(() => pages.close());

      /** @type {Map<string, Child>} the process in the middle of each way */
      const middles = new Map();
      /** @type {Record<string, Place>} */
      const places = {};
      for (const [name, folder] of Object.entries(checkouts)) {
        const gateway = start("gateway.mjs", [join(folder, "dist/gateway/index.js")]);
        middles.set(name, gateway);
        const module = `/${name}/index.js`;
        places[name] = {
          ...(await gateway.ask("start", origin)),
          file: join(folder, "dist/node.js"),
          module,
        };
      }
      const relay = start("relay.mjs");
      middles.set("ws", relay);
      places["ws"] = await relay.ask("start");

      const node = start("client.mjs");
      await node.ask("start", places);
      for (const client of options.clients) {
        /** @type {Asked} */
        let asked = node;
        if (client === "page") {
          const browser = openBrowser(await findBrowser(), `${origin}/bench/page.html`);
          endings.unshift(browser.close);
          await pages.ready();
          await pages.ask("start", places);
          asked = { ask: (job, ...args) => pages.ask(job, ...args), cpuMicros: browser.cpuMicros };
        }
        for (const name of timed) {
          results.push(...(await measureOne(name, client, asked, node, middles, ports, options)));
        }
      }
    }
    if (options.names.includes("memory")) results.push(...(await measureMemory(start, ports)));
    return results;
  } finally {
    for (const end of endings) await end();
  }
}

/** @param {Record<string, string>} checkouts */
function folders(checkouts) {
  return Object.fromEntries(Object.entries(checkouts).map(([name, folder]) => [name, join(folder, "dist")]));
}

/**
 * measureOne does all rounds of one measure for one client: each round has every way once, each time in another order.
 * @param {string} name
 * @param {string} client
 * @param {Asked} asked
 * @param {Asked} node goes straight to the target, which a page cannot
 * @param {Map<string, Child>} middles
 * @param {{ work: number, greeter: number }} ports
 * @param {ReturnType<typeof parse>} options
 */
async function measureOne(name, client, asked, node, middles, ports, { rounds, roundMs }) {
  const measure = measures[name];
  if (measure === undefined) throw new Error(`no measure ${name}`);
  const ways = ["direct", ...middles.keys()];
  /** @type {{ way: string, once: () => Promise<Record<string, number>> }[]} */
  const prepared = [];
  progress(`${client} ${name}`);
  for (const way of ways) {
    const who = way === "direct" ? node : asked;
    const middle = middles.get(way);
    const once = await measure.prepare(
      {
        ask: (job, about) => who.ask(job, way, about),
        clientMicros: async () => who.cpuMicros?.() ?? null,
        cpuMicros: () => middle?.ask("usage").then((used) => used.cpuMicros) ?? null,
        ports,
      },
      roundMs,
    );
    prepared.push({ way, once });
  }
  /** @type {Record<string, Record<string, number>[]>} by row: round by round what each way gave */
  const series = Object.fromEntries(Object.keys(measure.rows).map((row) => [row, []]));
  for (let round = 0; round < rounds; round++) {
    progress(`${client} ${name} ${round + 1}/${rounds}`);
    for (const list of Object.values(series)) list.push({});
    for (const { way, once } of rotated(prepared, round)) {
      for (const [row, value] of Object.entries(await once()))
        Object.assign(series[row]?.[round] ?? {}, { [way]: value });
    }
  }
  progress("");
  const measured = Object.entries(measure.rows).filter(([row]) => series[row]?.some((round) => own in round));
  return measured.map(([row, about]) => result(client, row, about, series[row] ?? []));
}

/**
 * rotated begins with another element each time, and goes backwards every other time.
 * @template T
 * @param {readonly T[]} list
 * @param {number} by
 */
function rotated(list, by) {
  const at = by % list.length;
  const turned = [...list.slice(at), ...list.slice(0, at)];
  return by % 2 === 0 ? turned : turned.reverse();
}

/**
 * measureMemory fills fresh processes with what does nothing. It is one measurement: memory hardly varies.
 * @param {(program: string, args?: string[], nodeArgs?: string[]) => Child} start
 * @param {{ idler: number }} ports
 */
async function measureMemory(start, ports) {
  progress("memory");
  const collecting = ["--expose-gc"];
  /** @type {Record<string, Record<string, number>>} */
  const rows = {
    "idle connection": {},
    "idle connection, resident": {},
    "idle session": {},
    "idle session, resident": {},
  };
  /** @param {string} row @param {string} way @param {Child} middle @param {number} count @param {() => Promise<void>} fill */
  const measure = async (row, way, middle, count, fill) => {
    const before = await middle.ask("memory");
    await fill();
    const after = await middle.ask("memory");
    Object.assign(rows[row] ?? {}, { [way]: (after.js - before.js) / count / kib });
    Object.assign(rows[`${row}, resident`] ?? {}, { [way]: (after.rss - before.rss) / count / kib });
  };

  const file = join(root, "dist/node.js");
  const gatewayFile = join(root, "dist/gateway/index.js");
  for (const [way, program] of [
    [own, "gateway.mjs"],
    ["ws", "relay.mjs"],
  ]) {
    if (way === undefined || program === undefined) continue;
    const middle = start(program, [gatewayFile], collecting);
    const place = { ...(await middle.ask("start", "http://127.0.0.1")), ...(way === own ? { file } : {}) };
    const client = start("client.mjs");
    await client.ask("start", { [way]: place });
    // The first connections bring in code and pools that the others share.
    await client.ask("idleConnections", way, ports.idler, idle.connections / 10);
    await client.ask("release");
    const open = () => client.ask("idleConnections", way, ports.idler, idle.connections);
    await measure("idle connection", way, middle, idle.connections, open);
    await client.stop();
    if (way !== own) continue;
    const visitors = start("client.mjs");
    await measure("idle session", way, middle, idle.sessions, () =>
      visitors.ask("idleSessions", place, idle.sessions),
    );
    await visitors.stop();
  }
  progress("");
  return Object.entries(rows).map(([row, values]) =>
    result("node", row, { unit: "KiB", better: "less" }, [values]),
  );
}

/** @param {string} text */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (text !== "") process.stderr.write(`${text}\n`);
}
