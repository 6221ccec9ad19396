// A real OpenSSH server on a free port of loopback, with host keys and a configuration of its own, and a user who may log in.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { program, whyNoProgram } from "./debian.js";

/** whyNoSshd says why there can be no server here, or "". */
export function whyNoSshd(): string {
  if (process.getuid?.() !== 0) return "only root can make a user for it to let in";
  return whyNoProgram("sshd", "openssh-server") || whyNoProgram("ssh-keygen", "openssh-client");
}

/** KeyType is a type of key as ssh-keygen names it. */
export type KeyType = "ed25519" | "ecdsa" | "rsa";

/** SshdOptions are what differs from test to test. */
export interface SshdOptions {
  /** hostKeys are the types of its keys. */
  readonly hostKeys?: readonly KeyType[];
  /** config is put before everything else in its configuration. */
  readonly config?: readonly string[];
  /** banner is what it says before the login. */
  readonly banner?: string;
}

/** Sshd is a server that runs. */
export interface Sshd {
  readonly port: number;
  /** user and password are those of somebody who may log in, home is their folder. */
  readonly user: string;
  readonly password: string;
  readonly home: string;
  /** fingerprints are those of the host keys as ssh-keygen prints them. */
  readonly fingerprints: Readonly<Partial<Record<KeyType, string>>>;
  /** log is what it said of itself. */
  log(): string;
  /** authorize lets the owner of a key log in. */
  authorize(publicKey: string): void;
  /** newHostKeys gives it other keys, as if it were another machine. */
  newHostKeys(): void;
  /** close ends it with everybody who is logged in, and removes the user. */
  close(): Promise<void>;
}

/** makeKey makes a key pair by ssh-keygen and gives both halves. */
export function makeKey(
  folder: string,
  type: KeyType,
  { passphrase = "", bits = 0, rounds = 0, comment = "test" } = {},
): { readonly privateKey: string; readonly publicKey: string; readonly fingerprint: string } {
  const file = join(folder, `key-${randomBytes(6).toString("hex")}`);
  const size = bits === 0 ? [] : ["-b", String(bits)];
  const cost = rounds === 0 ? [] : ["-a", String(rounds)];
  keygen("-q", "-t", type, ...size, ...cost, "-N", passphrase, "-C", comment, "-f", file);
  return {
    privateKey: readFileSync(file, "utf8"),
    publicKey: readFileSync(`${file}.pub`, "utf8"),
    fingerprint: fingerprintOf(`${file}.pub`),
  };
}

function keygen(...args: string[]): string {
  return execFileSync(program("ssh-keygen")!, args, { encoding: "utf8" });
}

function fingerprintOf(file: string): string {
  return keygen("-l", "-f", file).split(" ")[1]!;
}

/** startSshd starts a server. */
export async function startSshd({
  hostKeys = ["ed25519"],
  config = [],
  banner,
}: SshdOptions = {}): Promise<Sshd> {
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 }); // it wants an empty folder, and its service makes this one
  const folder = mkdtempSync(join(tmpdir(), "gonet-sshd-"));
  chmodSync(folder, 0o755);
  const [user, password] = [`gonet${randomBytes(4).toString("hex")}`, randomBytes(9).toString("base64url")];
  const home = join(folder, "home");
  execFileSync("useradd", ["--create-home", "--home-dir", home, "--shell", "/bin/bash", user]);
  execFileSync("chpasswd", { input: `${user}:${password}\n` });
  // A prompt that tests can wait for, and nothing that depends on the machine.
  writeFileSync(join(home, ".bashrc"), "PS1='ready$ '\nunset PROMPT_COMMAND\nHISTFILE=\n");
  writeFileSync(join(home, ".hushlogin"), "");
  const authorized = join(folder, "authorized_keys");
  writeFileSync(authorized, "");

  const fingerprints: Partial<Record<KeyType, string>> = {};
  const makeHostKeys = (): void => {
    for (const type of hostKeys) {
      const file = join(folder, `host-${type}`);
      rmSync(file, { force: true });
      rmSync(`${file}.pub`, { force: true });
      keygen("-q", "-t", type, "-N", "", "-f", file);
      fingerprints[type] = fingerprintOf(`${file}.pub`);
    }
  };
  makeHostKeys();
  if (banner !== undefined) writeFileSync(join(folder, "banner"), banner);
  const settings = [
    ...config,
    ...hostKeys.map((type) => `HostKey ${join(folder, `host-${type}`)}`),
    ...(banner === undefined ? [] : [`Banner ${join(folder, "banner")}`]),
    `AuthorizedKeysFile ${authorized}`,
    `AllowUsers ${user}`,
    "UsePAM no",
    "KbdInteractiveAuthentication no",
    "StrictModes no",
    "AcceptEnv LANG",
    "PrintMotd no",
    "PrintLastLog no",
    "PidFile none",
    "LogLevel VERBOSE",
  ];
  const file = join(folder, "sshd_config");
  writeFileSync(file, `${settings.join("\n")}\n`);

  // One process for each connection, which it gets as its standard input: so the port is never free in between.
  const children = new Set<ChildProcess>();
  let log = "";
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    const child = spawn(program("sshd")!, ["-i", "-e", "-f", file], { stdio: [socket, socket, "pipe"] });
    children.add(child);
    child.stderr!.on("data", (text) => {
      log += text;
    });
    child.on("exit", () => children.delete(child));
    socket.on("error", () => {});
    socket.destroy(); // ours; the child has its own
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    user,
    password,
    home,
    fingerprints,
    log: () => log,
    authorize: (publicKey) => writeFileSync(authorized, publicKey, { flag: "a" }),
    newHostKeys: makeHostKeys,
    async close() {
      server.close();
      for (const child of children) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      await removeUser(user);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const removalTries = 20;
const removalPauseMs = 100;

// What ran in the user's name ends with its terminal, a moment later; a user who still has a process can't be removed.
async function removeUser(user: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      execFileSync("userdel", ["--force", user], { stdio: "ignore" });
      return;
    } catch (err) {
      if (tries === removalTries) throw err;
      await new Promise((resolve) => setTimeout(resolve, removalPauseMs));
    }
  }
}
