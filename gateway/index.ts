// The gateway as a library: import { serve } from "gonet/gateway".
import { loadAddon } from "../native/index.js";
import { isGatewayID } from "./check.js";
import {
  ConfigError,
  defaultMaxSessions,
  type Gateway,
  type GatewayOptions,
  openGateway,
} from "./gateway.js";
import { limitedLog } from "./limitedlog.js";
import { Sessions } from "./sessions.js";

export type { Authenticate } from "./auth.js";
export { ConfigError, type Gateway, type GatewayOptions } from "./gateway.js";
export { type Log, type LogLevel, logLevels, type NewLogOptions, newLog } from "./log.js";
export type { Door, Peer } from "./server.js";
export { type Caller, Sessions, type SessionsOptions } from "./sessions.js";

export interface ServeOptions extends GatewayOptions {
  /** dnsServers are asked in the place of those in resolv.conf: "192.0.2.1:53", "[2001:db8::1]:53". */
  dnsServers?: readonly string[];
  /**
   * gatewayID names this gateway among several behind one address, in 1 to 8 letters, digits, - and _; whoever takes a session
   * up says it in the URL. Without it, it is random.
   */
  gatewayID?: string | undefined;
}

// serve starts a gateway and resolves when it listens. Without options it takes a free port of 127.0.0.1 and makes a
// token. It rejects with a ConfigError if what was asked for is wrong or unsafe, with the error of the system call if the
// address cannot be had, and with an Error that says what to do if the native addon is missing.
export async function serve(options: ServeOptions = {}): Promise<Gateway> {
  const { dnsServers, gatewayID, ...rest } = options;
  if (gatewayID !== undefined && !isGatewayID(gatewayID)) {
    throw new ConfigError("gateway-id: 1 to 8 letters, digits, - and _");
  }
  loadAddon(); // now, not at the first socket somebody asks for
  const logger = options.logger === undefined ? undefined : limitedLog(options.logger);
  const sessions = new Sessions({
    ...(rest.limits === undefined ? {} : { limits: rest.limits }),
    dnsServers,
    gatewayID,
    maxSessions: rest.maxSessions ?? defaultMaxSessions,
    ...(logger === undefined ? {} : { log: logger }),
  });
  return await openGateway({ ...rest, ...(logger === undefined ? {} : { logger }) }, sessions);
}
