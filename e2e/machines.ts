// Two machines on a network of their own: two network namespaces with a pair of interfaces between them. In one is a gateway,
// which a page outside reaches over a port of loopback.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export { whyNoNamespace } from "../src/testing/namespace.js";

/** gatewayAddress and peerAddress are those of the two on the network between them. */
export const gatewayAddress = "198.51.100.1";
export const peerAddress = "198.51.100.2";
/** interfaceName is that of the gateway's interface. */
export const interfaceName = "lan0";
const peerInterface = "lan1";

/** Machines are the two. */
export class Machines {
  /** openURL is the address of the page, with its token. */
  openURL = "";
  readonly #ends: (() => unknown)[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "gonet-e2e-"));
  #gateway = 0;
  #peer = 0;

  /** start makes both, and starts the gateway. */
  static async start(): Promise<Machines> {
    const machines = new Machines();
    try {
      await machines.#build();
    } catch (err) {
      await machines.end();
      throw err;
    }
    return machines;
  }

  async #build(): Promise<void> {
    this.#ends.push(() => rmSync(this.#folder, { recursive: true, force: true }));
    this.#gateway = await this.#namespace();
    this.#peer = await this.#namespace();
    const link = ["ip", "link", "add", interfaceName, "type", "veth", "peer", "name", peerInterface];
    within(this.#gateway, ...link);
    within(this.#gateway, "ip", "link", "set", peerInterface, "netns", String(this.#peer));
    for (const [pid, name, address] of [
      [this.#gateway, interfaceName, gatewayAddress],
      [this.#peer, peerInterface, peerAddress],
    ] as const) {
      within(pid, "ip", "link", "set", "lo", "up");
      within(pid, "ip", "addr", "add", `${address}/24`, "dev", name);
      within(pid, "ip", "link", "set", name, "up");
    }
    await this.#startGateway();
  }

  /** peer starts a Node program on the other machine; its messages come as those of a fork. */
  peer(program: string, ...args: string[]): ChildProcess {
    return this.#run(this.#peer, program, args);
  }

  /** onGateway starts one on the gateway's own. */
  onGateway(program: string, ...args: string[]): ChildProcess {
    return this.#run(this.#gateway, program, args);
  }

  /** peerCommand starts any program on the other machine. */
  peerCommand(command: string, ...args: string[]): ChildProcess {
    return this.#spawn("nsenter", ["-t", String(this.#peer), "-n", command, ...args], "ignore");
  }

  /** end removes everything. */
  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }

  async #startGateway(): Promise<void> {
    const path = join(this.#folder, "way");
    const way: Server = createServer((near) => {
      const far = connect(path);
      near.on("error", () => far.destroy());
      far.on("error", () => near.destroy());
      near.pipe(far).pipe(near);
      this.#ends.push(() => near.destroy());
    });
    way.listen(0, "127.0.0.1");
    await once(way, "listening");
    this.#ends.push(() => way.close());
    const host = `127.0.0.1:${(way.address() as AddressInfo).port}`;
    const gateway = this.#run(this.#gateway, resolve(import.meta.dirname, "gatewayinside.mjs"), [path, host]);
    const [{ token }] = (await once(gateway, "message")) as [{ token: string }];
    this.openURL = `http://${host}/#token=${token}`;
  }

  // A namespace lives as long as the process that is in it.
  async #namespace(): Promise<number> {
    const holder = this.#spawn("unshare", ["-n", "sh", "-c", "echo in; exec sleep 3600"], "pipe");
    await once(holder.stdout as NonNullable<typeof holder.stdout>, "data");
    return holder.pid as number;
  }

  #run(pid: number, program: string, args: readonly string[]): ChildProcess {
    return this.#spawn(
      "nsenter",
      ["-t", String(pid), "-n", process.execPath, program, ...args],
      "inherit",
      "ipc",
    );
  }

  #spawn(
    command: string,
    args: readonly string[],
    stdout: "pipe" | "inherit" | "ignore",
    ...more: "ipc"[]
  ): ChildProcess {
    const stderr = stdout === "ignore" ? "ignore" : "inherit"; // daemons tell their lives there
    const child = spawn(command, args, { stdio: ["ignore", stdout, stderr, ...more] });
    const ended = once(child, "exit");
    this.#ends.push(async () => {
      child.kill("SIGKILL");
      await ended;
    });
    return child;
  }
}

function within(pid: number, ...command: string[]): void {
  execFileSync("nsenter", ["-t", String(pid), "-n", ...command]);
}
