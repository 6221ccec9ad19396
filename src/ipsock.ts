// "host:port" strings and the names in them.

import { AddrError } from "./net.js";

export { parseIPZone, splitHostZone } from "./ip.js";
export { isDomainName } from "./names/domainname.js";
export { parsePort } from "./port.js";

/**
 * SplitHostPort splits "host:port", "[host]:port" or "[host%zone]:port" into host and port. An IPv6 address must be in
 * brackets. Neither part is checked; both may be empty. If hostport has another form it throws AddrError.
 */
export function SplitHostPort(hostport: string): [host: string, port: string] {
  const fail = (why: string): AddrError => new AddrError({ Err: why, Addr: hostport });
  const colon = hostport.lastIndexOf(":");
  if (colon < 0) {
    throw fail("missing port in address");
  }
  let host = hostport.slice(0, colon);
  // From here on the string may have no further bracket.
  let open = 0;
  let close = 0;
  if (hostport.startsWith("[")) {
    const end = hostport.indexOf("]");
    if (end < 0) {
      throw fail("missing ']' in address");
    }
    if (end + 1 !== colon) {
      throw fail(hostport[end + 1] === ":" ? "too many colons in address" : "missing port in address");
    }
    host = hostport.slice(1, end);
    open = 1;
    close = end + 1;
  } else if (host.includes(":")) {
    throw fail("too many colons in address");
  }
  if (hostport.includes("[", open)) {
    throw fail("unexpected '[' in address");
  }
  if (hostport.includes("]", close)) {
    throw fail("unexpected ']' in address");
  }
  return [host, hostport.slice(colon + 1)];
}

/** JoinHostPort returns "host:port", or "[host]:port" if host has a colon, as IPv6 addresses have. */
export function JoinHostPort(host: string, port: string): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
