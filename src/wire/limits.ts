// limitTable is every limit of a session, once: its default, its unit, and why it is that number.
// The gateway's options, the WELCOME frame and the docs are made from it.
export const limitTable = {
  streams: {
    value: 1024,
    unit: "streams",
    why: "what one page may hold open; a kernel's usual soft limit of descriptors",
  },
  listeners: { value: 32, unit: "streams", why: "a tool needs a few; each holds a port" },
  dials: { value: 64, unit: "dials", why: "dials under way at once; a port scan goes on, a flood waits" },
  lookups: {
    value: 32,
    unit: "lookups",
    why: "names looked up at once; each holds a socket or two, more wait",
  },
  files: {
    value: 256,
    unit: "descriptors",
    why: "duplicated, or received over Unix sockets, and kept by number",
  },
  calls: { value: 256, unit: "calls", why: "calls under way at once" },
  streamWindow: {
    value: 256 * 1024,
    unit: "bytes",
    why: "1 Gbit/s over 2 ms; a reader that keeps up gets up to four times as much",
  },
  sessionWindow: {
    value: 16 * 1024 * 1024,
    unit: "bytes",
    why: "48 streams that nobody reads, and room for the others; what stalled targets can make us keep",
  },
  replayBytes: {
    value: 4 * 1024 * 1024,
    unit: "bytes",
    why: "sent and not acknowledged: a page that stalls can make us keep that much",
  },
  controlBytes: {
    value: 256 * 1024,
    unit: "bytes",
    why: "control frames not acknowledged; 16,000 small ones",
  },
  linkBuffer: {
    value: 512 * 1024,
    unit: "bytes",
    why: "waiting in the WebSocket; more makes a keystroke wait behind a download",
  },
  stallMs: {
    value: 30_000,
    unit: "ms",
    why: "a link that is full and takes nothing for so long is given up, as one that broke",
  },
  acceptAhead: {
    value: 64,
    unit: "connections",
    why: "connections taken from the kernel before Accept asked for them, at most",
  },
  pings: { value: 20, unit: "PINGs", why: "at once; one every 15 s is usual, each costs an answer" },
  pingsPerSecond: { value: 10, unit: "PINGs/s", why: "after those at once" },
  cancels: {
    value: 1000,
    unit: "CANCELs",
    why: "at once; opening and canceling on and on costs the gateway more than the client",
  },
  cancelsPerSecond: {
    value: 1000,
    unit: "CANCELs/s",
    why: "after those at once; a port scan whose dials all time out makes some hundreds",
  },
  helloMs: { value: 10_000, unit: "ms", why: "a link that says nothing costs a socket" },
  pingMs: { value: 15_000, unit: "ms", why: "below the 60 s after which proxies drop a silent WebSocket" },
  deadMs: { value: 45_000, unit: "ms", why: "three heartbeats without a sign of life" },
  graceMs: {
    value: 120_000,
    unit: "ms",
    why: "a session waits so long for a new link: a tunnel on the railway, a laptop carried to another room",
  },
  leaveMs: {
    value: 10_000,
    unit: "ms",
    why: "the same after the page said that it goes away",
  },
  flushMs: {
    value: 300_000,
    unit: "ms",
    why: "a closed socket whose peer takes no data is reset after this",
  },
  halfClosedMs: {
    value: 14_400_000,
    unit: "ms",
    why: "a connection that the client has half closed is reset when nothing came over it for so long: 4 h",
  },
  idleMs: {
    value: 3_600_000,
    unit: "ms",
    why: "a session without sockets ends after this; the next operation opens another",
  },
} as const;

export type LimitName = keyof typeof limitTable;
export type Limits = { readonly [name in LimitName]: number };

// defaultLimits has the default of each limit.
export const defaultLimits: Limits = Object.fromEntries(
  Object.entries(limitTable).map(([name, limit]) => [name, limit.value]),
) as Limits;
