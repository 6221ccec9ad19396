// nsswitch.conf(5): where the addresses of names come from. Only files and name servers are known here; whatever else
// the file asks for is answered by files, then name servers, as Go does without a C library to turn to.

import { existsSync } from "node:fs";
import { hostname } from "node:os";
import type { Order } from "../src/names/names.js";
import { fieldsOf, lowerASCII, withoutComment } from "./systemfile.js";

const usual: Order = "files dns";

interface Source {
  readonly name: string;
  // isUsual is false if the file wants something special done with the source's answers.
  readonly isUsual: boolean;
}

// NSSwitch has the sources of one nsswitch.conf.
export class NSSwitch {
  // null: the file cannot be understood.
  readonly #sources: readonly Source[] | null;
  readonly #hasMDNSAllow: boolean;

  // text is null if there is no file.
  constructor(text: string | null, hasMDNSAllow = existsSync("/etc/mdns.allow")) {
    this.#sources = parse(text ?? "");
    this.#hasMDNSAllow = hasMDNSAllow;
  }

  // order is where to look a host up, and in which order, on the machine named self.
  order(host: string, self = hostname()): Order {
    if (this.#sources === null || this.#sources.length === 0 || /[\\%]/.test(host)) return usual;
    const name = lowerASCII(host).replace(/\.$/, "");
    if (name.endsWith(".local")) return usual; // RFC 6762: somebody else's
    let order = "";
    let asksMDNS = false;
    for (const source of this.#sources) {
      if (source.name === "files" || source.name === "dns") {
        if (!source.isUsual) return usual;
        if (!order.includes(source.name)) order += ` ${source.name}`;
      } else if (source.name === "myhostname") {
        if (isMyHostname(name, self)) return usual;
      } else if (source.name.startsWith("mdns")) {
        asksMDNS = true;
      } else {
        return usual;
      }
    }
    if (asksMDNS && this.#hasMDNSAllow) return usual; // it may give any name to mDNS
    return order === "" ? usual : (order.trim() as Order);
  }
}

function isMyHostname(name: string, self: string): boolean {
  return name === "gateway" || /(^|\.)localhost(\.localdomain)?$/.test(name) || name === lowerASCII(self);
}

// parse finds the sources of "hosts". A line that is not understood makes the whole file void.
function parse(text: string): Source[] | null {
  const hosts: Source[] = [];
  for (const raw of text.split("\n")) {
    const line = withoutComment(raw).trim();
    if (line === "") continue;
    const colon = line.indexOf(":");
    if (colon < 0) return null;
    const isHosts = line.slice(0, colon).trim() === "hosts";
    // A source ends at a space, not at a tab; what is done with its answers may follow in brackets.
    let rest = line.slice(colon + 1).trim();
    while (rest !== "") {
      const [name] = rest.split(" ", 1) as [string];
      rest = rest.slice(name.length).trim();
      let isUsual = true;
      if (rest.startsWith("[")) {
        const end = rest.indexOf("]");
        const criteria = end < 0 ? null : parseCriteria(rest.slice(1, end));
        if (criteria === null) return null;
        isUsual = criteria;
        rest = rest.slice(end + 1).trim();
      }
      if (isHosts) hosts.push({ name, isUsual });
    }
  }
  return hosts;
}

const usualAction: Readonly<Record<string, string>> = {
  success: "return",
  notfound: "continue",
  unavail: "continue",
  tryagain: "continue",
};

// parseCriteria reports whether "NOTFOUND=return ..." asks for what happens anyway, or is null if it makes no sense. The
// last may end the search: what comes after is then not asked, and neither is it here.
function parseCriteria(text: string): boolean | null {
  const words = fieldsOf(text);
  let isUsual = true;
  for (const [i, word] of words.entries()) {
    const isNegated = word.startsWith("!");
    const criterion = lowerASCII(isNegated ? word.slice(1) : word);
    const equals = criterion.indexOf("=");
    if (criterion.length < 3 || equals < 0) return null;
    const [status, action] = [criterion.slice(0, equals), criterion.slice(equals + 1)];
    const known = Object.hasOwn(usualAction, status);
    const ends = i === words.length - 1 && action === "return";
    isUsual &&= !isNegated && known && (ends || usualAction[status] === action);
  }
  return isUsual;
}
