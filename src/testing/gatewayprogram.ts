// A gateway in a process of its own that tells what it holds. It is started by gatewayprocess.ts, and ends with it.

import { readdirSync } from "node:fs";
import { serve } from "../../gateway/index.js";
import { liveSockets } from "../../native/index.js";
import type { Holdings, ProcessOptions } from "./gatewayprocess.js";

function holdings(): Holdings {
  // Twice: what a finalizer frees is gone only after it ran.
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, arrayBuffers, heapUsed } = process.memoryUsage();
  return {
    rss,
    arrayBuffers,
    heapUsed,
    descriptors: readdirSync("/proc/self/fd").length,
    sockets: liveSockets(),
    resources: process.getActiveResourcesInfo().sort(),
  };
}

// A client that was cut off does not come back here: what it held has to go within a test's time.
const graceMs = 500;

// What is not said stays so.
const options = JSON.parse(process.argv[2] ?? "{}") as ProcessOptions;
const gateway = await serve({ webRoot: null, ...options, limits: { graceMs, ...options.limits } });
process.on("message", () => process.send?.(holdings()));
process.on("disconnect", () => process.exit(0));
process.send?.({ url: gateway.url, token: gateway.token });
