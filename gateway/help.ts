// The texts made from the table of options: the help on the command line and the tables in docs/gateway.md.
import { limitTable } from "../src/wire/limits.js";
import { optionNames, optionTable } from "./config.js";
import { gatewayLimitTable } from "./gatewaylimits.js";
import { refusals } from "./refusal.js";

const columns = 100;

// helpText is what `gonet --help` prints.
export function helpText(): string {
  return `gonet: real sockets for web pages, behind Go's package net

  gonet serve [options]    run a gateway and print the URL to open
  gonet --help             this text
  gonet --version          the version

Options of serve:
${optionNames.map(helpOf).join("\n")}

Exit codes: 0 after SIGINT or SIGTERM, 1 if it failed, 2 if it was told something wrong or unsafe,
128 + n if signal n came a second time. More: docs/gateway.md
`;
}

// optionsMarkdown is the table of options for the docs.
export function optionsMarkdown(): string {
  const rows = optionNames.map((name) => {
    const { fallback, help } = optionTable[name];
    return `| \`${usage(name)}\` | ${fallback === null ? "" : `\`${fallback}\``} | ${unitOf(name)} | ${help} |`;
  });
  return ["| option | default | unit | what it does |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

interface Limit {
  readonly value: number | null;
  readonly unit: string;
  readonly why: string;
}

// limitsMarkdown is the table of a session's limits for the docs, or of the gateway's.
export function limitsMarkdown(table: Readonly<Record<string, Limit>> = limitTable): string {
  const rows = Object.entries(table).map(
    ([name, { value, unit, why }]) => `| \`${name}\` | ${value ?? ""} | ${unit} | ${why} |`,
  );
  return ["| limit | default | unit | why |", "| --- | --: | --- | --- |", ...rows].join("\n");
}

// gatewayLimitsMarkdown is the table of the gateway's own limits.
export function gatewayLimitsMarkdown(): string {
  return limitsMarkdown(gatewayLimitTable);
}

// refusalsMarkdown is the table of refusals for the docs.
export function refusalsMarkdown(): string {
  const rows = Object.entries(refusals).map(
    ([name, { status, reason, message }]) => `| ${status} | \`${reason}\` | \`${name}\` | ${message} |`,
  );
  return ["| status | `Gonet-Reason` | in the log | text |", "| --: | --- | --- | --- |", ...rows].join("\n");
}

function usage(name: (typeof optionNames)[number]): string {
  const option = optionTable[name];
  return "value" in option ? `--${name} <${option.value}>` : `--${name}`;
}

function unitOf(name: (typeof optionNames)[number]): string {
  const option = optionTable[name];
  return "unit" in option ? option.unit : "";
}

function helpOf(name: (typeof optionNames)[number]): string {
  const { fallback, help } = optionTable[name];
  const shown =
    fallback === null || fallback === false ? "" : ` (default ${[fallback, unitOf(name)].join(" ").trim()})`;
  return `  ${usage(name)}\n${wrap(help + shown, "      ")}`;
}

function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length + word.length > columns && line.trim() !== "") {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()].join("\n");
}
