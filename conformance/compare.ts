// Whether a transcript says what Go's does.

/** Expected is Go's transcript of a scenario; the lines with these indexes are quirks and need not be the same. */
export interface Expected {
  readonly lines: readonly string[];
  readonly optional?: readonly number[] | null;
}

// FlagRunning came with Go 1.20.
const running = /(up|broadcast|loopback|pointtopoint|multicast)\|running/;

function normal(line: string): string {
  return line.replace(/ \| is=\S+$/, "").replace(running, "$1");
}

function same(expected: string, actual: string | undefined): boolean {
  if (actual === undefined) {
    return false;
  }
  const want = normal(expected);
  const got = normal(actual);
  return want === got || want.replace("ERR * |", "") === got.replace(/ERR [^|]+? \|/, "");
}

/** differences lists where actual differs from expected; none means that it passes. */
export function differences({ lines, optional }: Expected, actual: readonly string[]): string[] {
  const found = lines.flatMap((want, i) =>
    same(want, actual[i]) || optional?.includes(i) ? [] : [`want ${want}\n got ${actual[i] ?? "nothing"}`],
  );
  const further = actual.slice(lines.length).map((got) => `want nothing\n got ${got}`);
  return [...found, ...further];
}
