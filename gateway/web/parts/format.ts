// Numbers and times as people read them.

const grouped = new Intl.NumberFormat("en");
const kibi = 1024;
const units = ["KiB", "MiB", "GiB", "TiB"];

/** formatCount is a whole number with its thousands apart. */
export function formatCount(n: number): string {
  return grouped.format(n);
}

/** formatBytes is a number of bytes: exact below 10,000, else in the unit that leaves three or four digits. */
export function formatBytes(n: number): string {
  const exactBelow = 10_000;
  if (n < exactBelow) {
    return `${formatCount(n)} B`;
  }
  let value = n / kibi;
  let unit = 0;
  while (value >= kibi && unit < units.length - 1) {
    value /= kibi;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** formatClock is the time of day with milliseconds, in the reader's time zone. */
export function formatClock(at: number): string {
  const d = new Date(at);
  const two = (n: number): string => String(n).padStart(2, "0");
  const ms = String(d.getMilliseconds()).padStart(3, "0");
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${ms}`;
}

const msPerSecond = 1000;
const secondsPerMinute = 60;

/** formatElapsed is how long something takes: "3.4 s", "2 min 05 s". */
export function formatElapsed(ms: number): string {
  const seconds = ms / msPerSecond;
  if (seconds < secondsPerMinute) {
    return `${seconds.toFixed(1)} s`;
  }
  const rest = String(Math.floor(seconds % secondsPerMinute)).padStart(2, "0");
  return `${Math.floor(seconds / secondsPerMinute)} min ${rest} s`;
}
