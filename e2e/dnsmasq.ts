// A real name server: Debian's dnsmasq, on a port of loopback, which knows what it is told and nothing else.
import { type ChildProcess, spawn } from "node:child_process";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { program } from "../src/testing/debian.js";

const readyTries = 100;
const readyStepMs = 50;

/** Dnsmasq is a running one. */
export interface Dnsmasq {
  /** server is its address, "127.0.0.1:port". */
  readonly server: string;
  close(): Promise<void>;
}

/** startDnsmasq starts one with the names of zone, which are options of dnsmasq; all names end in ".test". */
export async function startDnsmasq(zone: readonly string[]): Promise<Dnsmasq> {
  const port = await freePort();
  const alone = ["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file="];
  const at = [
    `--port=${port}`,
    "--listen-address=127.0.0.1",
    "--bind-interfaces",
    "--user=",
    "--local=/test/",
    "--host-record=ready.test,127.0.0.1",
  ];
  const dnsmasq = spawn(program("dnsmasq") as string, [...alone, ...at, ...zone], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  await answers(port, dnsmasq);
  return {
    server: `127.0.0.1:${port}`,
    async close() {
      const ended = once(dnsmasq, "exit");
      dnsmasq.kill();
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** answers waits until the name server at the port answers. */
async function answers(port: number, dnsmasq: ChildProcess): Promise<void> {
  const resolver = new Resolver({ timeout: readyStepMs, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  for (let i = 0; i < readyTries; i++) {
    if (dnsmasq.exitCode !== null) throw new Error(`dnsmasq ended with ${dnsmasq.exitCode}`);
    try {
      await resolver.resolve4("ready.test");
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, readyStepMs)); // not yet
    }
  }
  dnsmasq.kill();
  throw new Error("dnsmasq does not answer");
}
