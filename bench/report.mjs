// Numbers to tables, and tables against what they were when the baseline was written.
import { ratios, spread } from "./stats.mjs";

/** @typedef {import("./measures.mjs").Row} Row */
/** @typedef {{ row: string, rounds: Record<string, number>[] }} Series what each way gave, round by round */
/** @typedef {{ median: number, low: number, high: number }} Spread */
/**
 * @typedef {Row & {
 *   client: string, row: string, values: Record<string, Spread>, ratios: Record<string, Spread>
 * }} Result ratios are of gonet to the others
 */
/** @typedef {Record<string, { ratio: number, tolerance: number }>} Baseline */

/** own is the way that is compared with the others. */
export const own = "gonet";

/**
 * result sums the rounds of one row up.
 * @param {string} client
 * @param {string} row
 * @param {Row} about
 * @param {readonly Record<string, number>[]} rounds
 * @returns {Result}
 */
export function result(client, row, about, rounds) {
  /** @type {Record<string, number[]>} */
  const byWay = {};
  for (const round of rounds) {
    for (const [way, value] of Object.entries(round)) byWay[way] = [...(byWay[way] ?? []), value];
  }
  const ours = byWay[own] ?? [];
  const others = Object.entries(byWay).filter(([way]) => way !== own);
  return {
    ...about,
    client,
    row,
    values: Object.fromEntries(Object.entries(byWay).map(([way, values]) => [way, spread(values)])),
    ratios: Object.fromEntries(others.map(([way, values]) => [way, spread(ratios(ours, values))])),
  };
}

/** @param {number} n */
function number(n) {
  if (n >= 100) return n.toFixed(0);
  return n >= 10 ? n.toFixed(1) : n.toFixed(2);
}

/** @param {Spread | undefined} s */
function ratio(s) {
  return s === undefined ? "" : `${s.median.toFixed(2)} (${s.low.toFixed(2)}–${s.high.toFixed(2)})`;
}

/**
 * table draws the results of one client as a Markdown table.
 * @param {readonly Result[]} results
 */
export function table(results) {
  const ways = [...new Set(results.flatMap((r) => Object.keys(r.values)))];
  const others = ways.filter((way) => way !== own);
  const head = ["", "", ...ways, ...others.map((way) => `${own} / ${way}`)];
  const rows = results.map((r) => [
    r.row,
    r.unit,
    ...ways.map((way) => (r.values[way] === undefined ? "" : number(r.values[way].median))),
    ...others.map((way) => ratio(r.ratios[way])),
  ]);
  const widths = head.map((cell, i) => Math.max(3, cell.length, ...rows.map((row) => (row[i] ?? "").length)));
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${cells.map((cell, i) => (i < 1 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(" | ")} |`;
  const rule = `| ${widths.map((w, i) => (i < 1 ? "-".repeat(w) : `${"-".repeat(w - 1)}:`)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/**
 * key names a ratio in the baseline.
 * @param {Result} r
 * @param {string} way
 */
function key(r, way) {
  return `${r.client}: ${r.row} / ${way}`;
}

/**
 * worse lists in sentences the ratios that are worse than the baseline tolerates. What the baseline lacks is passed over.
 * @param {readonly Result[]} results
 * @param {Baseline} baseline
 */
export function worse(results, baseline) {
  const found = [];
  for (const r of results) {
    for (const [way, { median }] of Object.entries(r.ratios)) {
      const base = baseline[key(r, way)];
      if (base === undefined) continue;
      const isWorse =
        r.better === "more"
          ? median < base.ratio * (1 - base.tolerance)
          : median > base.ratio * (1 + base.tolerance);
      if (isWorse) {
        found.push(`${key(r, way)}: ${median.toFixed(2)}, was ${base.ratio} (tolerance ${base.tolerance})`);
      }
    }
  }
  return found;
}

/** leastTolerance is what a busy machine moves medians by. */
const leastTolerance = 0.25;

/**
 * baselineOf makes a baseline of results; a ratio that moved much while it was measured is given as much room.
 * @param {readonly Result[]} results
 * @param {readonly string[]} ways that it is about
 * @returns {Baseline}
 */
export function baselineOf(results, ways) {
  /** @type {Baseline} */
  const baseline = {};
  for (const r of results) {
    for (const [way, { median, low, high }] of Object.entries(r.ratios)) {
      if (!ways.includes(way)) continue;
      const tolerance = Math.max(leastTolerance, (high - low) / median);
      baseline[key(r, way)] = { ratio: round(median), tolerance: round(tolerance) };
    }
  }
  return baseline;
}

/** @param {number} n */
function round(n) {
  return Math.round(n * 100) / 100;
}
