// gatewayLimitTable is every limit of a gateway as a whole, once, as limitTable of src/wire/limits.ts is of a session. How
// many sessions there may be is the option max-sessions.

import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { type Limits, limitTable } from "../src/wire/limits.js";

export const gatewayLimitTable = {
  handshakes: {
    value: 100,
    unit: "handshakes",
    why: "whose token is being looked at; OpenSSH's MaxStartups ends at 100 too",
  },
  allDials: { value: 2048, unit: "dials", why: "of all sessions under way at once; more wait" },
  allSockets: {
    value: 65_536,
    unit: "sockets",
    why: "of all sessions; fewer if the process may not have so many descriptors and 512 for all else",
  },
  memoryBytes: {
    value: null,
    unit: "bytes",
    why: "from 85 % of it nobody new is let in, from 92 % sockets are not read, from 95 % waiting sessions are dropped, and if it lasts 10 s those that acknowledge nothing; without it, what the machine or the container has",
  },
} as const;

export type GatewayLimitName = keyof typeof gatewayLimitTable;
export type GatewayLimits = { readonly [name in GatewayLimitName]: number };
export type LimitSettings = Partial<Limits & GatewayLimits>;

/** isLimit says whether name is a limit, of a session or of the gateway. */
export function isLimit(name: string): name is keyof LimitSettings {
  return Object.hasOwn(limitTable, name) || Object.hasOwn(gatewayLimitTable, name);
}

/** limitNames are all of them. */
export const limitNames = [...Object.keys(limitTable), ...Object.keys(gatewayLimitTable)];

// What else needs descriptors: the WebSockets, files, name servers. A process that may have few keeps half.
const reservedDescriptors = 512;

/** gatewayLimits are the limits that hold on this machine, with what was said about some of them. */
export function gatewayLimits(said: LimitSettings = {}): GatewayLimits {
  const { handshakes, allDials, allSockets } = gatewayLimitTable;
  const most = descriptorLimit();
  const free = most - Math.min(reservedDescriptors, Math.floor(most / 2));
  return {
    handshakes: said.handshakes ?? handshakes.value,
    allDials: said.allDials ?? allDials.value,
    allSockets: Math.min(said.allSockets ?? allSockets.value, free),
    memoryBytes: said.memoryBytes ?? availableBytes(),
  };
}

/** sessionLimits are those of limits that are a session's. */
export function sessionLimits(said: LimitSettings = {}): Partial<Limits> {
  return Object.fromEntries(Object.entries(said).filter(([name]) => Object.hasOwn(limitTable, name)));
}

// descriptorLimit is how many descriptors this process may have (getrlimit(2), RLIMIT_NOFILE).
function descriptorLimit(): number {
  try {
    const text = readFileSync("/proc/self/limits", "latin1");
    const soft = /^Max open files\s+(\d+)/m.exec(text)?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY; // not told on this system: accept and socket say when there are no more
  }
}

// availableBytes is the memory that this process may use: the container's, if it is in one.
function availableBytes(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  return constrained > 0 && constrained < totalmem() ? constrained : totalmem();
}
