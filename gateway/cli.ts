// The command line: what was asked, how it is answered, and the exit code. main.ts runs it.
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { parseArgs } from "node:util";
import { newToken } from "./auth.js";
import {
  nearestOption,
  type OptionName,
  optionNames,
  optionTable,
  type Settings,
  setText,
  setValue,
  splitListen,
} from "./config.js";
import { readConfigFile } from "./configfile.js";
import { ConfigError, type Gateway, type GatewayOptions } from "./gateway.js";
import type { LimitSettings } from "./gatewaylimits.js";
import { helpText } from "./help.js";
import { packageVersion } from "./home.js";
import { newLog } from "./log.js";

const exitOK = 0;
const exitFailed = 1;
const exitUsage = 2;

// signalBase is added to a signal's number in the exit code of who was ended by it, as shells do.
const signalBase = 128;

const stopSignals = ["SIGINT", "SIGTERM"] as const;

// ProgramOptions is what the program gives to serve.
export type ProgramOptions = GatewayOptions & {
  limits: LimitSettings;
  gatewayID: string | undefined;
};

// Serve starts a gateway.
export type Serve = (options: ProgramOptions) => Promise<Gateway>;

// run does what args ask for and returns the exit code when that is done; for a gateway, when it was told to stop.
// A second signal ends the process at once.
export async function run(args: readonly string[], serve: Serve): Promise<number> {
  // Whoever read our output may be gone; that is no reason to end.
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
  try {
    const asked = readArguments(args);
    if (asked === "help") process.stdout.write(helpText());
    else if (asked === "version") process.stdout.write(`${packageVersion()}\n`);
    else await runGateway(asked, serve);
    return exitOK;
  } catch (err) {
    process.stderr.write(`gonet: ${messageOf(err).replace(/^gonet: /, "")}\n`);
    return err instanceof ConfigError ? exitUsage : exitFailed;
  }
}

// readArguments reads a command line. It throws a ConfigError with what is wrong.
export function readArguments(args: readonly string[]): "help" | "version" | Settings {
  const [command, ...rest] = args;
  if (command === undefined) throw new ConfigError(`what shall it do?\n\n${helpText()}`.trimEnd());
  if (command === "--help" || command === "-h" || command === "help") return "help";
  if (command === "--version" || command === "-v" || command === "version") return "version";
  if (command !== "serve")
    throw new ConfigError(`there is no command ${JSON.stringify(command)}; see gonet --help`);
  const options = Object.fromEntries(
    optionNames.map((name) => [
      name,
      { type: optionTable[name].kind === "flag" ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  // Not strict: the messages are ours, and say what was meant.
  const { tokens } = parseArgs({ args: rest, options, strict: false, allowPositionals: true, tokens: true });
  const settings: Settings = {};
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional")
      throw new ConfigError(`${JSON.stringify(token.value)} is no option; see gonet --help`);
    if (token.name === "help" || token.name === "h") return "help";
    if (!(token.name in options)) {
      const near = nearestOption(token.name);
      const hint = near === null ? "see gonet --help" : `did you mean --${near}?`;
      throw new ConfigError(`there is no option ${token.rawName}; ${hint}`);
    }
    const name = token.name as OptionName;
    const isFlag = optionTable[name].kind === "flag";
    if (isFlag && token.value !== undefined) throw new ConfigError(`${name}: takes no value`);
    if (isFlag) setValue(settings, name, true);
    else if (token.value === undefined || (!token.inlineValue && token.value.startsWith("--")))
      throw new ConfigError(`${name}: a value is missing`);
    else setText(settings, name, token.value);
  }
  return settings;
}

// gatewayOptions makes a gateway's options of what the command line and the file say; the command line goes before the
// file, option by option. The log and the token, which the log hides, come with it.
export function gatewayOptions(said: Settings): ProgramOptions {
  const settings = said.config === undefined ? said : merged(readConfigFile(said.config), said);
  const { host, port } = splitListen(settings.listen ?? optionTable.listen.fallback)!;
  const token = tokenOf(settings);
  return {
    host,
    port,
    token,
    origins: settings.origin ?? [],
    hosts: settings["host-name"] ?? [],
    trustedProxies: settings["trusted-proxy"] ?? [],
    requireOrigin: settings["require-origin"] ?? false,
    insecurePlainHTTP: settings["insecure-plain-http"] ?? false,
    maxSessions: settings["max-sessions"] ?? optionTable["max-sessions"].fallback,
    limits: settings.limit ?? {},
    gatewayID: settings["gateway-id"],
    ...(settings["web-root"] === undefined ? {} : { webRoot: settings["web-root"] }),
    logger: newLog({ level: settings["log-level"] ?? optionTable["log-level"].fallback, secrets: [token] }),
  };
}

// merged lets what was said on the command line take the place of what the file says.
function merged(file: Settings, said: Settings): Settings {
  const settings = { ...file, ...said };
  // The two ways to give a token are one option, as far as taking its place goes.
  if (said.token !== undefined && said["token-file"] === undefined) delete settings["token-file"];
  if (said["token-file"] !== undefined && said.token === undefined) delete settings.token;
  return settings;
}

function tokenOf(settings: Settings): string {
  const file = settings["token-file"];
  if (file === undefined) return settings.token ?? newToken();
  if (settings.token !== undefined) throw new ConfigError("token and token-file: only one of them");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (err) {
    throw new ConfigError(`token-file: ${(err as Error).message}`);
  }
  const [line = ""] = text.split("\n");
  if (line.trim() === "") throw new ConfigError(`token-file: the first line of ${file} is empty`);
  return line.trim();
}

async function runGateway(said: Settings, serve: Serve): Promise<void> {
  const options = gatewayOptions(said);
  const stopped = stopSignal();
  const gateway = await serve(options);
  process.stdout.write(`gonet is ready: ${gateway.openURL}\n`);
  await stopped;
  await gateway.close();
}

// echoMs is how close two signals must be to be one: npm passes a Ctrl-C on that the terminal has sent already.
const echoMs = 500;

// stopSignal resolves with the first signal to stop. The second one ends the process there and then.
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let stopping: number | null = null;
    for (const signal of stopSignals) {
      process.on(signal, () => {
        if (stopping !== null) {
          if (performance.now() - stopping < echoMs) return;
          process.exit(signalBase + constants.signals[signal]);
        }
        stopping = performance.now();
        resolve();
      });
    }
  });
}

// messageOf says in one sentence why a gateway could not start.
function messageOf(err: unknown): string {
  if (!(err instanceof Error)) return String(err);
  const { code, address, port } = err as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === "EADDRINUSE") {
    return `${address}:${port} is taken: end the program that listens there, or choose another port with --listen ${address}:0`;
  }
  if (code === "EACCES" && port !== undefined)
    return `${address}:${port} may not be used: ports below 1024 need privileges`;
  if (code === "EADDRNOTAVAIL") return `listen: ${address} is no address of this machine`;
  return err.message;
}
