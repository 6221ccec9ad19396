// resolv.conf(5): which name servers to ask, and how.

import { hostname } from "node:os";
import type { DNSConfig } from "../src/names/dnsclient.js";
import { parseIP, parseIPv4 } from "./iptext.js";
import { fieldsOf, leadingNumber } from "./systemfile.js";

const maxServers = 3; // as in every resolver library
const dnsPort = 53;
const maxDots = 15;
const defaultServers = [`127.0.0.1:${dnsPort}`, `[::1]:${dnsPort}`];
const defaultDots = 1;
const defaultTimeoutSeconds = 5;
const defaultAttempts = 2;
const mostNumber = 0xffffff; // what a larger number counts as

// ResolvConf is the file; hasUnknown is true if something in it is not understood.
export interface ResolvConf extends DNSConfig {
  readonly hasUnknown: boolean;
}

// parseResolvConf reads the file; null is a file that is not there.
export function parseResolvConf(text: string | null, host = hostname()): ResolvConf {
  const servers: string[] = [];
  let search: string[] = [];
  let ndots = defaultDots;
  let timeoutSeconds = defaultTimeoutSeconds;
  let attempts = defaultAttempts;
  const flags = { rotate: false, singleRequest: false, useTCP: false, hasUnknown: false };

  const option = (s: string): void => {
    const [name, value] = split(s);
    switch (name) {
      case "ndots:":
        ndots = Math.min(value, maxDots);
        return;
      case "timeout:":
        timeoutSeconds = Math.max(value, 1);
        return;
      case "attempts:":
        attempts = Math.max(value, 1);
        return;
    }
    switch (s) {
      case "rotate":
        flags.rotate = true;
        return;
      case "single-request":
      case "single-request-reopen":
        flags.singleRequest = true;
        return;
      case "use-vc":
      case "usevc":
      case "tcp":
        flags.useTCP = true;
        return;
      default:
        flags.hasUnknown = true;
    }
  };

  for (const line of (text ?? "").split("\n")) {
    if (line.startsWith(";") || line.startsWith("#")) continue;
    const [keyword, ...words] = fieldsOf(line);
    const [first] = words;
    switch (keyword) {
      case undefined:
      case "lookup": // OpenBSD's
        break;
      case "nameserver":
        if (first !== undefined && servers.length < maxServers && parseIP(first) !== null) {
          servers.push(parseIPv4(first) !== null ? `${first}:${dnsPort}` : `[${first}]:${dnsPort}`);
        }
        break;
      case "domain":
        if (first !== undefined) search = [rooted(first)];
        break;
      case "search":
        search = words.map(rooted);
        break;
      case "options":
        words.forEach(option);
        break;
      default:
        flags.hasUnknown = true;
    }
  }
  return {
    servers: servers.length > 0 ? servers : defaultServers,
    search: search.length > 0 ? search : ownDomain(host),
    ndots,
    timeoutMs: timeoutSeconds * 1000,
    attempts,
    ...flags,
  };
}

// split takes "ndots:2" apart. What is no number counts as 0.
function split(s: string): [name: string, value: number] {
  const end = s.indexOf(":") + 1;
  const digits = /^[0-9]*/.exec(s.slice(end))?.[0] ?? "";
  return [s.slice(0, end), leadingNumber(digits)?.n ?? (digits === "" ? 0 : mostNumber)];
}

function rooted(suffix: string): string {
  return suffix.endsWith(".") ? suffix : `${suffix}.`;
}

// ownDomain is the domain of this machine, to search in if the file names none.
function ownDomain(host: string): string[] {
  const dot = host.indexOf(".");
  return dot >= 0 && dot < host.length - 1 ? [rooted(host.slice(dot + 1))] : [];
}
