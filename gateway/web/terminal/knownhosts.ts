// The keys of the hosts that somebody trusted, kept by the browser for this origin.

import type { RecentStorage } from "../parts/recent.js";
import type { HostKey } from "../ssh/hostkey.js";

/** KnownHost is a key that was trusted, and since when (in milliseconds since 1970). */
export interface KnownHost extends HostKey {
  readonly since: number;
}

const key = "gonet.knownhosts";
/** maxKnownHosts is how many are kept; beyond it the one that was trusted first is forgotten. */
export const maxKnownHosts = 500;
const maxChars = 300;

/** KnownHosts is the list. It is read each time: other pages write it too. */
export class KnownHosts {
  readonly #storage: RecentStorage;
  // What lasts as long as the page, where the browser keeps nothing.
  #memory: Readonly<Record<string, KnownHost>> = {};

  constructor(storage: RecentStorage) {
    this.#storage = storage;
  }

  /** get is what is known of the host behind an address, "host:port". */
  get(address: string): KnownHost | null {
    const hosts = this.#load();
    const name = address.toLowerCase();
    return Object.hasOwn(hosts, name) ? (hosts[name] ?? null) : null;
  }

  /** set trusts a key for the host behind an address, and only that one. */
  set(address: string, { type, fingerprint }: HostKey): void {
    const name = address.toLowerCase();
    const others = Object.entries(this.#load()).filter(([other]) => other !== name);
    const entries = [...others, [name, { type, fingerprint, since: Date.now() }] as const];
    entries.sort(([, a], [, b]) => a.since - b.since);
    this.#memory = Object.fromEntries(entries.slice(-maxKnownHosts));
    try {
      this.#storage?.setItem(key, JSON.stringify(this.#memory));
    } catch {
      // storage is full or refused: then it lasts as long as the page
    }
  }

  #load(): Readonly<Record<string, KnownHost>> {
    try {
      const stored: unknown = JSON.parse(this.#storage?.getItem(key) ?? "null");
      if (typeof stored === "object" && stored !== null) {
        return Object.fromEntries(Object.entries(stored).filter(([, host]) => isKnownHost(host)));
      }
    } catch {
      // what is stored is broken: as if nothing were
    }
    return this.#memory;
  }
}

function isKnownHost(v: unknown): v is KnownHost {
  const { type, fingerprint, since } = (v ?? {}) as Partial<Record<keyof KnownHost, unknown>>;
  return (
    [type, fingerprint].every((s) => typeof s === "string" && s !== "" && s.length <= maxChars) &&
    typeof since === "number"
  );
}
