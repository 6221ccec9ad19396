// Where the lines of a plot's vertical axis go.

/** Scale is an axis that begins at 0. */
export interface Scale {
  /** top is the value at the upper end. */
  readonly top: number;
  /** ticks are the values that have a line and a number, from 0 to top. */
  readonly ticks: readonly number[];
}

// Steps that people count in.
const roundSteps = [1, 2, 2.5, 5, 10] as const;
const steps = 4;

/** scaleFor is the smallest axis of round numbers that has room for max. Nothing to show gives the axis to 1. */
export function scaleFor(max: number): Scale {
  const least = Number.isFinite(max) && max > 0 ? max / steps : 1 / steps;
  const magnitude = 10 ** Math.floor(Math.log10(least));
  const round = roundSteps.find((r) => r * magnitude >= least) ?? 10;
  const step = round * magnitude;
  const ticks = Array.from({ length: steps + 1 }, (_, i) => tidy(i * step));
  return { top: tidy(steps * step), ticks };
}

// 3 * 0.1 is not 0.3 in binary.
function tidy(n: number): number {
  const digits = 12;
  return Number(n.toPrecision(digits));
}
