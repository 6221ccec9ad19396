// Against a real OpenSSH server: what people meet when they log in.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installLimitMs } from "../../../src/testing/debian.js";
import { type Joined, overMemory } from "../../../src/testing/gateways.js";
import { type Sshd, startSshd, whyNoSshd } from "../../../src/testing/sshd.js";
import type { HostKey } from "./hostkey.js";
import type { Prompt, ShellOptions } from "./options.js";
import { openShell, type Shell } from "./shell.js";

const why = whyNoSshd();

describe.skipIf(why !== "")(`an SSH session with OpenSSH's server ${why}`, () => {
  let joined: Joined;
  let sshd: Sshd;
  let folder: string;

  beforeAll(async () => {
    joined = await overMemory();
    sshd = await startSshd({ hostKeys: ["ed25519", "ecdsa", "rsa"] });
    folder = mkdtempSync(join(tmpdir(), "gonet-ssh-"));
  }, installLimitMs);

  afterAll(async () => {
    await joined?.close();
    await sshd?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const options = (over: Partial<ShellOptions> = {}): ShellOptions => ({
    user: sshd.user,
    key: null,
    term: "xterm-256color",
    size: { columns: 80, rows: 24 },
    env: { LANG: "C.UTF-8" },
    knownType: null,
    trust: async () => true,
    banner: () => {},
    ask: async () => [sshd.password],
    ...over,
  });

  const open = async (over: Partial<ShellOptions> = {}, port = sshd.port): Promise<Shell> =>
    await openShell(await joined.net.Dial("tcp", `127.0.0.1:${port}`), options(over));

  test("a password lets in, and the host key is the one that ssh-keygen prints", async () => {
    const seen: HostKey[] = [];
    const asked: Prompt[] = [];
    const shell = await open({
      trust: async (key) => seen.push(key) > 0,
      ask: async (_, prompts) => {
        asked.push(...prompts);
        return [sshd.password];
      },
    });
    await shell.write(utf8("stty size; echo $TERM $LANG; exit 7\n"));
    const said = await everything(shell);
    expect(said).toContain("24 80");
    expect(said).toContain("xterm-256color C.UTF-8");
    expect(shell.exit).toEqual({ status: 7 });
    expect(seen).toEqual([{ type: "ssh-ed25519", fingerprint: sshd.fingerprints.ed25519 }]);
    expect(asked).toEqual([{ text: `Password for ${sshd.user}`, isSecret: true }]);
  });
});

const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s);

async function everything(shell: Shell): Promise<string> {
  const decoder = new TextDecoder();
  let said = "";
  for (;;) {
    const piece = await shell.read();
    if (piece === null) return said + decoder.decode();
    said += decoder.decode(piece, { stream: true });
  }
}
