// The hosts file: names and addresses that no name server is asked for (hosts(5)).

import type { SockAddr } from "../src/wire/sockaddr.js";
import { parseIP } from "./iptext.js";
import { fieldsOf, lowerASCII, withoutComment } from "./systemfile.js";

// Hosts is a hosts file, both ways round, each list in the order of the file.
export class Hosts {
  readonly #addresses = new Map<string, SockAddr[]>();
  readonly #names = new Map<string, string[]>();

  constructor(text: string) {
    for (const line of text.split("\n")) {
      const [first = "", ...names] = fieldsOf(withoutComment(line));
      const address = parseIP(first);
      if (address === null) continue;
      for (const name of names) {
        add(this.#addresses, absolute(lowerASCII(name)), address);
        add(this.#names, key(address), absolute(name));
      }
    }
  }

  // addresses are those of a name; upper or lower case does not matter.
  addresses(name: string): readonly SockAddr[] {
    return this.#addresses.get(absolute(lowerASCII(name))) ?? [];
  }

  // names are those of an address, given as text.
  names(address: string): readonly string[] {
    const parsed = parseIP(address);
    return parsed === null ? [] : (this.#names.get(key(parsed)) ?? []);
  }
}

function add<K, V>(map: Map<K, V[]>, k: K, v: V): void {
  const list = map.get(k);
  if (list === undefined) map.set(k, [v]);
  else list.push(v);
}

// absolute gives a name with dots in it a final one. A name without is local and stays as it is, so "localhost." is
// another name than "localhost".
function absolute(name: string): string {
  return name.includes(".") && !name.endsWith(".") ? `${name}.` : name;
}

function key(address: SockAddr): string {
  return `${Buffer.from(address[1]).toString("hex")}%${address[3] ?? ""}`;
}
