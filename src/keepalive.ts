// Keep-alive probes: how Dialer, ListenConfig and TCPConn say what they want of them.

const msPerSecond = 1000;

/** defaultKeepAliveSeconds is how often Go probes a silent connection that Dial or Accept made. */
export const defaultKeepAliveSeconds = 15;

const defaultCount = 9;
const unchanged = -1;

/**
 * KeepAliveConfig says how a silent TCP connection is probed. Durations are in milliseconds; the kernel counts in whole
 * seconds, rounded up. Of Idle, Interval and Count, 0 or nothing is Go's default, and below 0 is the system's.
 */
export interface KeepAliveConfig {
  /** Enable turns the probes on. */
  readonly Enable?: boolean;
  /** Idle is how long the connection is silent before the first probe; the default is 15 seconds. */
  readonly Idle?: number;
  /** Interval is the time between probes; the default is 15 seconds. */
  readonly Interval?: number;
  /** Count is how many probes go unanswered before the connection is given up; the default is 9. */
  readonly Count?: number;
}

/** wholeSeconds is a duration in milliseconds as the kernel takes it. */
export function wholeSeconds(ms: number): number {
  return Math.ceil(ms / msPerSecond);
}

/** keepAliveArgs is what the gateway is told: enable, idle, interval, count; below 0 stays as it is. */
export function keepAliveArgs(config: KeepAliveConfig): [boolean, number, number, number] {
  const seconds = (ms = 0): number =>
    ms < 0 ? unchanged : ms === 0 ? defaultKeepAliveSeconds : wholeSeconds(ms);
  const { Count: count = 0 } = config;
  return [
    config.Enable === true,
    seconds(config.Idle),
    seconds(config.Interval),
    count < 0 ? unchanged : count === 0 ? defaultCount : count,
  ];
}

/** keepAliveSeconds is the period that a KeepAlive in milliseconds asks for: 0 is the default, below 0 none, told as 0. */
export function keepAliveSeconds(keepAlive: number): number {
  return keepAlive < 0 ? 0 : keepAlive === 0 ? defaultKeepAliveSeconds : wholeSeconds(keepAlive);
}
