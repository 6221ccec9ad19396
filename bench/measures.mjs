// What is measured. Each measure is run once per round and way and gives one or more rows.
import { quantile } from "./stats.mjs";

const mib = 1024 * 1024;
const gib = 1024 * mib;
const microsPerSecond = 1e6;

/** warmBytes are moved before the first round, and tell how many bytes fill a round. */
const warmBytes = 16 * mib;
const leastBytes = 4 * mib;
const mostBytes = 1024 * mib;

/**
 * Subject is one way from one client.
 * @typedef {{
 *   ask: (job: string, options: object) => Promise<any>,
 *   cpuMicros: () => Promise<number> | null,
 *   clientMicros: () => Promise<number | null>,
 *   ports: { work: number, greeter: number },
 * }} Subject cpuMicros is of the process in the middle, null if there is
 *   none; clientMicros of the client, null if it tells with its answer or not at all
 */

/** @typedef {{ unit: string, better: "more" | "less" }} Row */

/**
 * Measure prepares itself for a subject and gives the function that does one round.
 * @typedef {{ rows: Record<string, Row>, prepare: (subject: Subject, roundMs: number) => Promise<() => Promise<Record<string, number>>> }} Measure
 */

/**
 * @param {string} name
 * @param {"down" | "up" | "both"} direction
 * @param {number} streams
 * @returns {Measure}
 */
function bulk(name, direction, streams) {
  const middle = `${name}: processor of the middle`;
  const client = `${name}: processor of the client`;
  return {
    rows: {
      [name]: { unit: "MiB/s", better: "more" },
      [middle]: { unit: "s/GiB", better: "less" },
      [client]: { unit: "s/GiB", better: "less" },
    },
    async prepare(subject, roundMs) {
      const job = { port: subject.ports.work, direction, streams };
      const warm = await subject.ask("bulk", { ...job, bytes: warmBytes });
      const bytes = Math.min(mostBytes, Math.max(leastBytes, (warmBytes / warm.ms) * roundMs));
      return async () => {
        const before = await subject.cpuMicros();
        const clientBefore = await subject.clientMicros();
        const done = await subject.ask("bulk", { ...job, bytes });
        const after = await subject.cpuMicros();
        const clientAfter = await subject.clientMicros();
        const cpuMicros =
          clientBefore === null || clientAfter === null ? done.cpuMicros : clientAfter - clientBefore;
        const seconds = (/** @type {number} */ micros) => micros / microsPerSecond / (done.bytes / gib);
        return {
          [name]: done.bytes / mib / (done.ms / 1000),
          ...(before === null || after === null ? {} : { [middle]: seconds(after - before) }),
          ...(cpuMicros === undefined ? {} : { [client]: seconds(cpuMicros) }),
        };
      };
    },
  };
}

const pings = { warm: 200, least: 200 };

/** @type {Measure} */
const latency = {
  rows: {
    "round trip, median": { unit: "µs", better: "less" },
    "round trip, 99 %": { unit: "µs", better: "less" },
  },
  async prepare(subject, roundMs) {
    const port = subject.ports.work;
    const warm = await subject.ask("latency", { port, count: pings.warm });
    const count = Math.max(pings.least, Math.round((roundMs * 1000) / quantile(warm, 0.5)));
    return async () => {
      const micros = await subject.ask("latency", { port, count });
      return { "round trip, median": quantile(micros, 0.5), "round trip, 99 %": quantile(micros, 0.99) };
    };
  },
};

const dialling = { warm: 16, least: 8, most: 2000, atOnce: 16 };

/** @type {Measure} */
const dial = {
  rows: { "dial, first byte, close": { unit: "1/s", better: "more" } },
  async prepare(subject, roundMs) {
    const job = { port: subject.ports.greeter, atOnce: dialling.atOnce };
    const warmMs = await subject.ask("dials", { ...job, count: dialling.warm });
    const wanted = Math.round((dialling.warm / warmMs) * roundMs);
    const count = Math.min(dialling.most, Math.max(dialling.least, wanted));
    return async () => {
      const ms = await subject.ask("dials", { ...job, count });
      return { "dial, first byte, close": count / (ms / 1000) };
    };
  },
};

/** measures by the name that --only takes. @type {Record<string, Measure>} */
export const measures = {
  down: bulk("down", "down", 1),
  up: bulk("up", "up", 1),
  both: bulk("both ways", "both", 1),
  latency,
  dial,
  down4: bulk("down, 4 streams", "down", 4),
  down16: bulk("down, 16 streams", "down", 16),
  down64: bulk("down, 64 streams", "down", 64),
  up4: bulk("up, 4 streams", "up", 4),
  up16: bulk("up, 16 streams", "up", 16),
  up64: bulk("up, 64 streams", "up", 64),
};

/** quickMeasures are those of --quick. */
export const quickMeasures = ["down", "up", "both", "latency", "dial", "down16", "up16"];
