// The little statistics that a noisy machine needs: medians, and how far the rounds lie apart.

/**
 * quantile gives the value below which the part q of values lies.
 * @param {readonly number[]} values at least one
 * @param {number} q from 0 to 1
 */
export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** @param {readonly number[]} values */
export function median(values) {
  return quantile(values, 0.5);
}

/**
 * ratios divides round by round: what disturbs the machine for a while disturbs both sides of a ratio.
 * @param {readonly number[]} values
 * @param {readonly number[]} others of the same rounds
 */
export function ratios(values, others) {
  return values.map((value, round) => value / (others[round] ?? Number.NaN));
}

/**
 * spread is the middle of values and the range of the middle half of them.
 * @param {readonly number[]} values
 */
export function spread(values) {
  return { median: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75) };
}
