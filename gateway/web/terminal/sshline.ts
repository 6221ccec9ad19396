// A terminal over SSH: the questions that come with logging in, asked on the page.

import type { Conn } from "gonet";
import { el } from "../dom.js";
import { errorText } from "../parts/errors.js";
import { formatTime } from "../parts/format.js";
import { visibleText } from "../parts/visible.js";
import type { HostKey } from "../ssh/hostkey.js";
import type { Prompt, Size } from "../ssh/options.js";
import type { PrivateKey } from "../ssh/privatekey.js";
import type { Exit, Shell } from "../ssh/shell.js";
import type { Asker } from "./asker.js";
import type { KnownHosts } from "./knownhosts.js";
import type { Line } from "./line.js";

// What the far end is told about language: text is UTF-8 here.
const lang = "C.UTF-8";

/** SSHLineOptions are what logging in takes. */
export interface SSHLineOptions {
  readonly user: string;
  /** address is the one that was dialled: hosts are known by it. */
  readonly address: string;
  readonly key: PrivateKey | null;
  readonly term: string;
  readonly size: Size;
  readonly asker: Asker;
  readonly knownHosts: KnownHosts;
  /** banner shows what the server says before the login, in which everything can be seen. */
  readonly banner: (text: string) => void;
}

/** openSSHLine logs in. It rejects with an error that says what is the matter. */
export async function openSSHLine(conn: Conn, options: SSHLineOptions): Promise<Line> {
  const { user, address, key, term, size, asker, knownHosts } = options;
  // Only now: who opens no SSH terminal loads nothing of it.
  const { openShell } = await import("../ssh/shell.js");
  const shell = await openShell(conn, {
    user,
    key,
    term,
    size,
    env: { LANG: lang },
    knownType: knownHosts.get(address)?.type ?? null,
    trust: (hostKey) => isTrusted(hostKey, options),
    banner: (text) => options.banner(bannerText(text)),
    ask: (about, prompts) => answers(asker, address, about, prompts),
  });
  return new SSHLine(shell);
}

class SSHLine implements Line {
  readonly #shell: Shell;

  constructor(shell: Shell) {
    this.#shell = shell;
  }

  get ended(): string {
    return exitText(this.#shell.exit ?? {});
  }

  read(): Promise<Uint8Array | null> {
    return this.#shell.read();
  }

  type(text: string): Promise<void> {
    return this.#shell.write(new TextEncoder().encode(text));
  }

  resize(size: Size): Promise<void> {
    return this.#shell.resize(size);
  }

  close(): Promise<void> {
    return this.#shell.close();
  }
}

function exitText({ status, signal, error }: Exit): string {
  if (status !== undefined) {
    return `exit status ${status}`;
  }
  if (signal !== undefined) {
    return `ended by signal ${visibleText(signal)}`;
  }
  return error === undefined || error === null ? "closed by the other end" : errorText(error).text;
}

// bannerText keeps the lines of a banner, and nothing else that a terminal would act on.
function bannerText(text: string): string {
  return text
    .replace(/\r\n/g, "\n")
    .split("\n")
    .map((line) => visibleText(line))
    .join("\r\n");
}

async function isTrusted(hostKey: HostKey, { asker, address, knownHosts }: SSHLineOptions): Promise<boolean> {
  const offered = keyText(hostKey);
  const known = knownHosts.get(address);
  if (known === null) {
    const answer = await asker.ask({
      title: `${address} is not known yet`,
      lines: [
        "Is this the key of the host you want to reach? Somebody in between would have another one.",
        offered,
      ],
      choices: [
        { value: "remember", text: "Yes, remember it" },
        { value: "once", text: "Only this time" },
        { value: "refuse", text: "No" },
      ],
    });
    if (answer?.choice === "remember") {
      knownHosts.set(address, hostKey);
    }
    return answer !== null && answer.choice !== "refuse";
  }
  if (known.fingerprint === hostKey.fingerprint && known.type === hostKey.type) {
    return true;
  }
  const answer = await asker.ask({
    title: `The key of ${address} has changed`,
    lines: [
      "Either the host got a new key, or somebody answers in its place and would see what you type. Ask who runs it.",
      `Remembered since ${sinceText(known.since)}:`,
      keyText(known),
      "Offered now:",
      offered,
    ],
    choices: [
      { value: "refuse", text: "Do not connect" },
      { value: "replace", text: "The host has a new key: replace the old one" },
    ],
    isWarning: true,
  });
  if (answer?.choice !== "replace") {
    return false;
  }
  knownHosts.set(address, hostKey);
  return true;
}

function keyText({ type, fingerprint }: HostKey): HTMLElement {
  return el("code", {}, visibleText(`${type} ${fingerprint}`));
}

function sinceText(at: number): string {
  return `${new Date(at).toLocaleDateString("en-CA")} ${formatTime(at)}`;
}

async function answers(
  asker: Asker,
  address: string,
  about: string,
  prompts: readonly Prompt[],
): Promise<readonly string[] | null> {
  const answer = await asker.ask({
    title: `Log in to ${address}`,
    lines: about === "" ? [] : [about],
    fields: prompts.map(({ text, isSecret }) => ({ label: text, isSecret })),
    choices: [{ value: "login", text: "Log in" }],
  });
  return answer?.values ?? null;
}
