// Every option of the gateway program, once. The command line, the configuration file, the help, the error messages and
// the table in docs/gateway.md all come from here.
import { isIP } from "node:net";
import { isGatewayID } from "./check.js";
import { ConfigError, defaultMaxSessions } from "./gateway.js";
import { isLimit, type LimitSettings, limitNames } from "./gatewaylimits.js";
import { type LogLevel, logLevels } from "./log.js";

interface Kinds {
  text: string;
  list: string[];
  flag: boolean;
  count: number;
  level: LogLevel;
  limits: LimitSettings;
}

interface Option {
  readonly kind: keyof Kinds;
  /** value stands for the value in the help; a flag has none. */
  readonly value?: string;
  /** fallback is what holds if nobody says otherwise, as the help shows it. */
  readonly fallback: string | number | boolean | null;
  readonly unit?: string;
  readonly help: string;
  /** inFile is false for what makes sense on the command line only. */
  readonly inFile?: false;
  /** check says what is wrong with a text, or null. */
  readonly check?: (text: string) => string | null;
}

// optionTable has the options by name: `--name` on the command line, `name` in a configuration file.
export const optionTable = {
  config: {
    kind: "text",
    value: "file",
    fallback: null,
    help: "read further options from this file, TOML or (.json) JSON; the command line goes before it",
    inFile: false,
  },
  "gateway-id": {
    kind: "text",
    value: "name",
    fallback: null,
    help: "what this gateway is called among several behind one address (see Several gateways); without it, something random",
    check: (text) => (isGatewayID(text) ? null : "must be 1 to 8 letters, digits, - and _"),
  },
  "host-name": {
    kind: "list",
    value: "name",
    fallback: null,
    help: "a host name under which the gateway is reached, besides the address it listens on; may be repeated",
  },
  "insecure-plain-http": {
    kind: "flag",
    fallback: false,
    help: "listen on other than loopback without TLS: everybody on the way can read tokens and data",
  },
  limit: {
    kind: "limits",
    value: "name=number",
    fallback: null,
    help: "change one limit of a session or of the gateway (see Limits); may be repeated",
  },
  listen: {
    kind: "text",
    value: "address:port",
    fallback: "127.0.0.1:8080",
    help: "where to listen; port 0 takes a free one",
    check: (text) => (splitListen(text) === null ? 'must be like "127.0.0.1:8080" or "[::1]:8080"' : null),
  },
  "log-level": {
    kind: "level",
    value: "level",
    fallback: "info",
    help: `what to log on stderr: ${logLevels.join(", ")}`,
  },
  "max-sessions": {
    kind: "count",
    value: "number",
    fallback: defaultMaxSessions,
    unit: "sessions",
    help: "how many pages and programs may be connected",
  },
  origin: {
    kind: "list",
    value: "origin",
    fallback: null,
    help: 'a further origin whose pages may connect, like "https://app.example"; may be repeated',
  },
  "require-origin": {
    kind: "flag",
    fallback: false,
    help: "refuse callers that are not pages (they send no Origin)",
  },
  token: {
    kind: "text",
    value: "token",
    fallback: null,
    help: "what callers must show; other users of the machine can see a command line, so prefer token-file. Without either, one is made and shown",
  },
  "token-file": {
    kind: "text",
    value: "file",
    fallback: null,
    help: "a file whose first line is the token",
  },
  "trusted-proxy": {
    kind: "list",
    value: "address",
    fallback: null,
    help: "the address or CIDR range of a proxy that ends TLS in front; its X-Forwarded-For is believed; may be repeated",
  },
  "web-root": {
    kind: "text",
    value: "folder",
    fallback: null,
    help: "the folder of the page to serve instead of the one that comes with gonet",
  },
} as const satisfies Record<string, Option>;

export type OptionName = keyof typeof optionTable;

// Settings is what was said, by option.
export type Settings = { -readonly [name in OptionName]?: Kinds[(typeof optionTable)[name]["kind"]] };

export const optionNames = Object.keys(optionTable) as OptionName[];

// optionOf looks an option up by name.
export function optionOf(name: string): Option | undefined {
  return Object.hasOwn(optionTable, name) ? optionTable[name as OptionName] : undefined;
}

// setText sets an option from the command line. If the value is no good it throws a ConfigError that names the option.
export function setText(settings: Settings, name: OptionName, text: string): void {
  const { kind } = optionTable[name];
  if (kind === "limits") {
    const [limit = "", number = "", ...rest] = text.split("=");
    if (rest.length > 0) throw new ConfigError(`${name}: ${JSON.stringify(text)} is not like name=number`);
    return setValue(settings, name, { [limit]: numberOf(number) });
  }
  if (kind === "list") return setValue(settings, name, [text]);
  setValue(settings, name, kind === "count" ? numberOf(text) : text);
}

// setValue sets an option from a value of unknown type, as a file has it. Lists and limits add to what is there.
export function setValue(settings: Settings, name: OptionName, value: unknown): void {
  const option: Option = optionTable[name];
  const problem = problemOf(option, value);
  if (problem !== null) throw new ConfigError(`${name}: ${problem}`);
  const all = settings as Record<string, unknown>;
  if (option.kind === "list") all[name] = [...((all[name] as string[]) ?? []), ...(value as string[])];
  else if (option.kind === "limits") all[name] = { ...(all[name] as object), ...(value as object) };
  else all[name] = value;
}

// nearestOption is the option a mistyped name may have meant, or null.
export function nearestOption(name: string): OptionName | null {
  const plain = (s: string) => s.toLowerCase().replaceAll(/[-_]|s$/g, "");
  return optionNames.find((known) => plain(known) === plain(name)) ?? null;
}

// splitListen takes "address:port" apart, an IPv6 address in brackets; an empty address means all of them, as in Go. It
// returns null if text is not of that form.
export function splitListen(text: string): { host: string; port: number } | null {
  const [, six, four = "", digits = ""] = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  const host = six ?? (four === "" ? "::" : four);
  const port = Number(digits);
  const isRight = digits !== "" && port <= maxPort && (six === undefined || isIP(six) === 6);
  return isRight ? { host, port } : null;
}

const maxPort = 65535;

function numberOf(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

// problemOf says in what way value is not what the option takes, or null if it is.
function problemOf(option: Option, value: unknown): string | null {
  switch (option.kind) {
    case "text":
      if (typeof value !== "string" || value === "") return "must be a text, not empty";
      return option.check?.(value) ?? null;
    case "level":
      return logLevels.some((level) => level === value) ? null : `must be one of ${logLevels.join(", ")}`;
    case "flag":
      return typeof value === "boolean" ? null : "must be true or false";
    case "count":
      return isCount(value) ? null : "must be a whole number, 0 or more";
    case "list":
      if (Array.isArray(value) && value.every((item) => typeof item === "string" && item !== "")) return null;
      return "must be a list of texts, none empty";
    case "limits":
      return limitsProblem(value);
  }
}

function limitsProblem(value: unknown): string | null {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return "must be a table of numbers";
  for (const [limit, number] of Object.entries(value)) {
    if (!isLimit(limit)) {
      return `there is no limit ${JSON.stringify(limit)}; there are ${limitNames.join(", ")}`;
    }
    if (!isCount(number) || number === 0) return `${limit} must be a whole number, 1 or more`;
    if (limit.endsWith("Ms") && number > maxTimerMs) return `${limit} must be at most ${maxTimerMs}`;
  }
  return null;
}

// maxTimerMs is the longest time that a timer can be set to: 24 days.
const maxTimerMs = 2 ** 31 - 1;

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
