// Network namespaces that a test makes and removes, with cables between them, and gateways in them.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const program = resolve(import.meta.dirname, "nsgateway.mjs");

// Routers that are asked much must not answer less: Linux sends one error a second to each address otherwise.
const settings = [
  "net.ipv4.ip_forward=1",
  "net.ipv6.conf.all.forwarding=1",
  "net.ipv4.icmp_ratelimit=0",
  "net.ipv4.icmp_msgs_per_sec=100000",
  "net.ipv6.icmp.ratelimit=0",
];

/** whyNoNamespaces says what is missing here to make namespaces, or "". */
export function whyNoNamespaces(): string {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root, to make network namespaces";
  const { status, stderr, error } = spawnSync("ip", ["netns", "add", `gonet-try-${process.pid}`], {
    encoding: "utf8",
  });
  if (error !== undefined) return `needs iproute2: ${error.message}`;
  if (status !== 0) return `no network namespace here: ${stderr.trim().split("\n")[0]}`;
  ip("netns", "delete", `gonet-try-${process.pid}`);
  return "";
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}

/** NamespaceGateway is a gateway in a namespace. */
export interface NamespaceGateway {
  /** openURL is its page, which a browser outside reaches. */
  readonly openURL: string;
}

let lastNumber = 0;

/** Namespaces are those of one test. */
export class Namespaces {
  readonly #prefix = `gonet-${process.pid}-${++lastNumber}`;
  readonly #names: string[] = [];
  readonly #children: ChildProcess[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "gonet-netns-"));
  #links = 0;

  /** add makes namespaces; they forward packets. */
  add(...names: string[]): void {
    for (const name of names) {
      ip("netns", "add", this.#full(name));
      this.#names.push(name);
      this.ip(name, "link", "set", "lo", "up");
      for (const setting of settings) {
        // Not every kernel has every setting, and without them only what is asked often is answered less.
        spawnSync("ip", ["netns", "exec", this.#full(name), "sysctl", "-qw", setting], { stdio: "ignore" });
      }
    }
  }

  /** ip runs ip(8) in a namespace. */
  ip(name: string, ...args: string[]): void {
    ip("-n", this.#full(name), ...args);
  }

  /** link lays a cable between two namespaces; each end, in an interface of the other's name, has those addresses. */
  link(a: string, aAddresses: readonly string[], b: string, bAddresses: readonly string[]): void {
    const n = ++this.#links;
    const [left, right] = [`gn${process.pid}a${n}`, `gn${process.pid}b${n}`];
    ip(
      "link",
      "add",
      left,
      "netns",
      this.#full(a),
      "type",
      "veth",
      "peer",
      "name",
      right,
      "netns",
      this.#full(b),
    );
    for (const [at, device, to, addresses] of [
      [a, left, b, aAddresses],
      [b, right, a, bAddresses],
    ] as const) {
      this.ip(at, "link", "set", device, "name", `to-${to}`);
      for (const address of addresses) {
        this.ip(
          at,
          "address",
          "add",
          address,
          "dev",
          `to-${to}`,
          ...(address.includes(":") ? ["nodad"] : []),
        );
      }
      this.ip(at, "link", "set", `to-${to}`, "up");
    }
  }

  /** gateway starts a gateway in a namespace, whose hosts file has those lines. */
  async gateway(name: string, hosts: readonly string[] = []): Promise<NamespaceGateway> {
    const file = join(this.#folder, "hosts");
    writeFileSync(file, hosts.map((line) => `${line}\n`).join(""));
    // ip(8) gives the program mounts of its own, so this hosts file is seen by nobody else.
    const prepare = 'mount --bind "$0" /etc/hosts && exec "$@"';
    const child = spawn(
      "ip",
      ["netns", "exec", this.#full(name), "bash", "-c", prepare, file, process.execPath, program],
      { stdio: ["ignore", "inherit", "inherit", "ipc"] },
    );
    this.#children.push(child);
    const listening = createServer().listen(0, "127.0.0.1");
    await once(listening, "listening");
    const ready = once(child, "message");
    const died = once(child, "exit").then(([code]) => {
      throw new Error(`the gateway in ${name} ended: ${code}`);
    });
    died.catch(() => {});
    child.send("listen", listening);
    const [openURL] = (await Promise.race([ready, died])) as [string];
    listening.close(); // it is the child's only
    return { openURL };
  }

  /** end ends the gateways and removes the namespaces. */
  async end(): Promise<void> {
    for (const child of this.#children) {
      const ended = child.exitCode === null ? once(child, "exit") : Promise.resolve();
      child.kill("SIGKILL");
      await ended;
    }
    for (const name of this.#names) ip("netns", "delete", this.#full(name));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #full(name: string): string {
    return `${this.#prefix}-${name}`;
  }
}
