// Reading a configuration file, TOML or JSON, with the place in the message when something is wrong with it.
import { readFileSync } from "node:fs";
import { parse, TomlError } from "smol-toml";
import { nearestOption, type OptionName, optionNames, optionOf, type Settings, setValue } from "./config.js";
import { ConfigError } from "./gateway.js";

// readConfigFile reads the options in a file. It throws a ConfigError that begins with "file:line:column:" where the
// place is known, for a file that cannot be read, does not parse, or has a key or a value that no option takes.
export function readConfigFile(path: string): Settings {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (err) {
    throw new ConfigError(`config: ${(err as Error).message}`);
  }
  return path.endsWith(".json") ? readJSON(path, text) : readTOML(path, text);
}

// readTOML reads options from TOML text; path is for the messages.
export function readTOML(path: string, text: string): Settings {
  let table: Record<string, unknown>;
  try {
    table = parse(text);
  } catch (err) {
    if (!(err instanceof TomlError)) throw err;
    const [sentence = ""] = err.message.split("\n");
    throw new ConfigError(
      `${path}:${err.line}:${err.column}: ${sentence.replace(/^Invalid TOML document: /, "")}`,
    );
  }
  return settingsOf(table, (key) => place(path, text, tomlKeys(text).get(key)));
}

// readJSON reads options from JSON text; path is for the messages. A key that comes twice is refused, where JSON.parse
// would silently take the last.
export function readJSON(path: string, text: string): Settings {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (err) {
    const message = (err as Error).message;
    const at = /at position (\d+)/.exec(message)?.[1];
    // At the end of the text V8 names no position.
    const where = place(path, text, at === undefined ? text.length : Number(at));
    throw new ConfigError(`${where}: ${message.replace(/ in JSON at position.*$/s, "")}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ConfigError(`${path}:1:1: must be one JSON object`);
  }
  const keys = jsonKeys(text);
  const offsets = new Map<string, number>();
  for (const { key, offset } of keys) {
    if (offsets.has(key))
      throw new ConfigError(`${place(path, text, offset)}: ${JSON.stringify(key)} comes twice`);
    offsets.set(key, offset);
  }
  return settingsOf(value as Record<string, unknown>, (key) => place(path, text, offsets.get(key)));
}

function settingsOf(table: Record<string, unknown>, where: (key: string) => string): Settings {
  const settings: Settings = {};
  for (const [key, value] of Object.entries(table)) {
    if (optionOf(key) === undefined || optionOf(key)?.inFile === false) {
      const near = nearestOption(key);
      const known = near === null ? `there are ${optionNames.join(", ")}` : `did you mean ${near}?`;
      throw new ConfigError(`${where(key)}: unknown option ${JSON.stringify(key)}; ${known}`);
    }
    try {
      setValue(settings, key as OptionName, value);
    } catch (err) {
      if (!(err instanceof ConfigError)) throw err;
      throw new ConfigError(`${where(key)}: ${err.message}`);
    }
  }
  return settings;
}

// place writes where an offset in a text is, as compilers do; the path alone if the offset is not known.
function place(path: string, text: string, offset: number | undefined): string {
  if (offset === undefined) return path;
  const lines = text.slice(0, offset).split("\n");
  return `${path}:${lines.length}:${lines.at(-1)!.length + 1}`;
}

// tomlKeys finds where the keys at the top of a TOML document are. It reads lines, not the grammar, which is enough to
// point at a key that the parser has found: at worst it points at the same word in a text of several lines.
function tomlKeys(text: string): Map<string, number> {
  const keys = new Map<string, number>();
  let offset = 0;
  let isTop = true;
  for (const line of text.split("\n")) {
    const [, indent = "", header, quoted, bare] =
      /^(\s*)(\[+\s*)?(?:["']([^"']*)["']|([A-Za-z0-9_-]+))\s*[.=\]]/.exec(line) ?? [];
    const key = quoted ?? bare;
    if (header !== undefined) isTop = false;
    if (key !== undefined && (isTop || header !== undefined) && !keys.has(key)) {
      keys.set(key, offset + indent.length + (header?.length ?? 0));
    }
    offset += line.length + 1;
  }
  return keys;
}

// jsonKeys finds the keys of the outermost object of a JSON text that parses.
function jsonKeys(text: string): { key: string; offset: number }[] {
  const keys: { key: string; offset: number }[] = [];
  let depth = 0;
  let last: { key: string; offset: number } | undefined;
  for (const { 0: piece, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (piece === "{" || piece === "[") depth++;
    else if (piece === "}" || piece === "]") depth--;
    else if (piece === ":") {
      if (depth === 1 && last !== undefined) keys.push(last);
    } else last = { key: JSON.parse(piece) as string, offset: index };
  }
  return keys;
}
