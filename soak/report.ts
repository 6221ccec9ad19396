// From samples to a verdict.

/** Sample is a value at a time. */
export interface Sample {
  readonly ms: number;
  readonly value: number;
}

/** slope is the median of the slopes between any two samples (Theil and Sen): outliers do not move it. Per millisecond. */
export function slope(samples: readonly Sample[]): number {
  const slopes: number[] = [];
  for (const [i, a] of samples.entries()) {
    for (const b of samples.slice(i + 1)) {
      if (b.ms !== a.ms) slopes.push((b.value - a.value) / (b.ms - a.ms));
    }
  }
  return median(slopes);
}

/** median is 0 of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return 0;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
