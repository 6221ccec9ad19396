// Every tool, in the order of the navigation within each group.

import { discovery } from "./discovery.js";
import { dnsLookup } from "./dnslookup.js";
import { interfaces } from "./interfaces.js";
import { pingTool } from "./ping.js";
import { portCheck } from "./portcheck.js";
import { tcpConsole } from "./tcpconsole.js";
import { tcpListener } from "./tcplistener.js";
import { terminal } from "./terminal.js";
import { throughput } from "./throughput.js";
import type { Tool } from "./tool.js";
import { traceTool } from "./trace.js";
import { udpConsole } from "./udpconsole.js";
import { unixSockets } from "./unixsockets.js";

/** tools is the navigation; the first is shown if the address names none. */
export const tools: readonly Tool[] = [
  tcpConsole,
  tcpListener,
  udpConsole,
  terminal,
  dnsLookup,
  discovery,
  portCheck,
  pingTool,
  traceTool,
  throughput,
  unixSockets,
  interfaces,
];
