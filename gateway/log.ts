// The gateway's log: one JSON line per event on stderr, and no secret in it.
import { pino } from "pino";

// Log is what the gateway needs of a logger: fields first, then a short sentence that never varies. A pino logger is one.
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

// logLevels are the levels a gateway can be told to log at, from the most to the least.
export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

export type LogLevel = (typeof logLevels)[number];

// silentLog logs nothing; a gateway inside somebody else's program speaks only when it is given a logger.
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

const hidden = "[secret]";

// hiddenFields are fields that hold secrets by their name. Nothing of ours logs them; this is the second line of defence.
const hiddenFields = [
  "token",
  "authorization",
  "cookie",
  "*.token",
  "*.authorization",
  "*.cookie",
  "*.*.authorization",
];

// Sink is where the lines go.
export interface Sink {
  write(line: string): unknown;
}

export interface NewLogOptions {
  level: LogLevel;
  /** secrets are strings that must not appear in any line, in whatever field: they are replaced in the finished line. */
  secrets?: readonly string[];
  /** sink takes the lines; stderr if it is not given. */
  sink?: Sink;
}

// newLog makes a logger of the given level. If the sink's reader is gone, lines are lost and nothing else happens (the
// owner of the sink listens for its errors).
export function newLog({ level, secrets = [], sink = process.stderr }: NewLogOptions): Log {
  const spellings = secrets
    .flatMap((s) => [s, Buffer.from(s, "utf8").toString("base64url")])
    .filter((s) => s !== "");
  return pino(
    {
      level,
      base: undefined, // the process id and host name are the supervisor's to add
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: hiddenFields, censor: hidden },
    },
    {
      write(line: string) {
        let clean = line;
        for (const spelling of spellings) clean = clean.replaceAll(spelling, hidden);
        sink.write(clean);
      },
    },
  );
}
