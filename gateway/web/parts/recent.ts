// The targets that were used last, kept by the browser.

import { isNetwork, type Target } from "./target.js";

/** maxRecent is how many are kept: as many as a list shows without becoming a search. */
export const maxRecent = 12;

// Longer than any host name with its port, or a zone.
const maxAddressChars = 300;

/** Recent is a list of targets in a storage, the newest first. Without a storage it lasts as long as the page. */
export class Recent {
  readonly #key: string;
  readonly #storage: Pick<Storage, "getItem" | "setItem"> | null;
  #targets: readonly Target[];

  constructor(key: string, storage: Pick<Storage, "getItem" | "setItem"> | null) {
    this.#key = key;
    this.#storage = storage;
    this.#targets = this.#load();
  }

  /** targets are those remembered. */
  get targets(): readonly Target[] {
    return this.#targets;
  }

  /** add puts target first. */
  add(target: Target): void {
    const others = this.#targets.filter((t) => t.address !== target.address || t.network !== target.network);
    this.#save([target, ...others].slice(0, maxRecent));
  }

  /** clear forgets all of them. */
  clear(): void {
    this.#save([]);
  }

  #save(targets: readonly Target[]): void {
    this.#targets = targets;
    try {
      this.#storage?.setItem(this.#key, JSON.stringify(targets));
    } catch {
      // storage is full or refused: then they last as long as the page
    }
  }

  // What is stored may be from another version, or from anybody who can write there.
  #load(): readonly Target[] {
    try {
      const stored: unknown = JSON.parse(this.#storage?.getItem(this.#key) ?? "[]");
      return Array.isArray(stored) ? stored.filter(isTarget).slice(0, maxRecent) : [];
    } catch {
      return [];
    }
  }
}

function isTarget(v: unknown): v is Target {
  if (typeof v !== "object" || v === null) {
    return false;
  }
  const { network, address } = v as { network?: unknown; address?: unknown };
  return (
    isNetwork(network) && typeof address === "string" && address !== "" && address.length <= maxAddressChars
  );
}

/** pageStorage is what the browser keeps for this origin, or null if it keeps nothing. */
export function pageStorage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null; // switched off in the browser
  }
}
