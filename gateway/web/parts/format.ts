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

/** formatTime is the time of day in the reader's time zone, at a point given in milliseconds since 1970. */
export function formatTime(at: number): string {
  const d = new Date(at);
  return [d.getHours(), d.getMinutes(), d.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
}

/** formatClock is {@link formatTime} with milliseconds. */
export function formatClock(at: number): string {
  return `${formatTime(at)}.${String(new Date(at).getMilliseconds()).padStart(3, "0")}`;
}

const msPerSecond = 1000;
const secondsPerMinute = 60;

/** formatElapsed is how long something takes: "12 ms", "3.4 s", "2 min 05 s". */
export function formatElapsed(ms: number): string {
  if (ms < msPerSecond) {
    return `${Math.round(ms)} ms`;
  }
  const seconds = ms / msPerSecond;
  if (seconds < secondsPerMinute) {
    return `${seconds.toFixed(1)} s`;
  }
  const rest = String(Math.floor(seconds % secondsPerMinute)).padStart(2, "0");
  return `${Math.floor(seconds / secondsPerMinute)} min ${rest} s`;
}

/** formatLatency is a short time as ping(8) prints it, with about three digits: "0.054 ms", "12.3 ms", "1234 ms". */
export function formatLatency(ms: number): string {
  const digits = ms < 1 ? 3 : ms < 10 ? 2 : ms < 100 ? 1 : 0;
  return `${ms.toFixed(digits)} ms`;
}
