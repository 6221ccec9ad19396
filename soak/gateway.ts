// The gateway that is soaked, and what it holds.

import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { writeHeapSnapshot } from "node:v8";
import { answer } from "../bench/child.mjs";
import { serve } from "../gateway/index.js";
import { liveFds, liveSockets } from "../native/index.js";

/** Held is what the gateway's process holds at one time, after garbage was collected; memory in bytes. */
export interface Held {
  /** js is the heap that is used and what lies outside of it, the memory of buffers included. */
  readonly js: number;
  /** heap is the part of js in the heap, arrayBuffers that in buffers. */
  readonly heap: number;
  readonly arrayBuffers: number;
  readonly rss: number;
  readonly descriptors: number;
  /** sockets and files are the native ones. */
  readonly sockets: number;
  readonly files: number;
  readonly cpuMicros: number;
}

/** Delay is how late the event loop was, in milliseconds. */
export interface Delay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const resolutionMs = 10;
const nanosPerMs = 1e6;
const collections = 3;
const delay = monitorEventLoopDelay({ resolution: resolutionMs });

async function start(hosts: readonly string[], dns: string): Promise<{ url: string; token: string }> {
  const gateway = await serve({ webRoot: null, hosts, dnsServers: [dns] });
  return { url: gateway.url, token: gateway.token };
}

// Collecting takes its time, which is not the gateway's: the clock of the event loop stands meanwhile.
async function held(): Promise<Held> {
  delay.disable();
  for (let i = 0; i < collections; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve)); // finalizers run
  }
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  delay.enable();
  return {
    js: heapUsed + external,
    arrayBuffers,
    heap: heapUsed,
    rss,
    descriptors: readdirSync("/proc/self/fd").length,
    sockets: liveSockets(),
    files: liveFds(),
    cpuMicros: user + system,
  };
}

function late(): Delay {
  const ms = (nanos: number): number => Math.max(0, nanos / nanosPerMs - resolutionMs);
  return { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) };
}

function snapshot(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeHeapSnapshot(join(folder, `${Math.round(process.uptime())}.heapsnapshot`));
}

answer({ start, held, late, snapshot });
