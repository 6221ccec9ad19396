// Dialling many ports: several at once, each for a while.

import * as net from "gonet";
import { sortedPorts } from "../parts/portlist.js";

/** Outcome is what dialling a port came to. */
export type Outcome = "open" | "refused" | "timedOut" | "failed";

/** PortResult is what is known about a port. */
export interface PortResult {
  readonly port: number;
  readonly outcome: Outcome;
  readonly ms: number;
  /** err is what Go says; null if the port is open. */
  readonly err: unknown;
}

/** PortScan says what is dialled. */
export interface PortScan {
  readonly network: string;
  /** address is an IP address, so that no name is looked up for each port. */
  readonly address: string;
  readonly ports: readonly number[];
  /** atOnce is how many dials are under way at a time. */
  readonly atOnce: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onResult: (result: PortResult) => void;
}

/** scanPorts dials all ports, in their order, and closes what it opens. It ends when signal is aborted. */
export async function scanPorts(scan: PortScan): Promise<void> {
  const rest = scan.ports.values();
  const work = async (): Promise<void> => {
    for (const port of rest) {
      const result = await dialPort(scan, port);
      if (scan.signal.aborted) {
        return;
      }
      scan.onResult(result);
    }
  };
  await Promise.all(Array.from({ length: Math.min(scan.atOnce, scan.ports.length) }, work));
}

async function dialPort(
  { network, address, timeoutMs, signal }: PortScan,
  port: number,
): Promise<PortResult> {
  const start = performance.now();
  const result = (outcome: Outcome, err: unknown): PortResult => ({
    port,
    outcome,
    ms: performance.now() - start,
    err,
  });
  try {
    const c = await net.DialTimeout(network, net.JoinHostPort(address, String(port)), timeoutMs, signal);
    const opened = result("open", null);
    await c.Close();
    return opened;
  } catch (err) {
    return result(outcomeOf(err), err);
  }
}

const refused = new net.syscall.Errno("ECONNREFUSED");

function outcomeOf(err: unknown): Outcome {
  if (net.errors.Is(err, refused)) {
    return "refused";
  }
  return (err as Partial<net.Error>).Timeout?.() === true ? "timedOut" : "failed";
}

/** lookupPorts is ports and those that names stand for. It rejects with what LookupPort says. */
export async function lookupPorts(
  network: string,
  ports: readonly number[],
  names: readonly string[],
  signal: AbortSignal,
): Promise<number[]> {
  const named = await Promise.all(names.map((name) => net.LookupPort(network, name, signal)));
  return sortedPorts([...ports, ...named]);
}
