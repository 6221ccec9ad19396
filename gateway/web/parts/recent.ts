// What a tool was used with last, kept by the browser.

/** maxRecent is how many are kept: as many as a list shows without becoming a search. */
export const maxRecent = 12;

/** RecentStorage is where a list is kept. */
export type RecentStorage = Pick<Storage, "getItem" | "setItem"> | null;

/** Recent is a list in a storage, the newest first. Without a storage it lasts as long as the page. */
export class Recent<T> {
  readonly #key: string;
  readonly #storage: RecentStorage;
  readonly #isItem: (v: unknown) => v is T;
  #items: readonly T[];

  /** isItem says of what was stored whether it is one. */
  constructor(key: string, storage: RecentStorage, isItem: (v: unknown) => v is T) {
    this.#key = key;
    this.#storage = storage;
    this.#isItem = isItem;
    this.#items = this.#load();
  }

  /** items are those remembered. */
  get items(): readonly T[] {
    return this.#items;
  }

  /** add puts item first. */
  add(item: T): void {
    const text = JSON.stringify(item);
    const others = this.#items.filter((other) => JSON.stringify(other) !== text);
    this.#save([item, ...others].slice(0, maxRecent));
  }

  /** clear forgets all of them. */
  clear(): void {
    this.#save([]);
  }

  #save(items: readonly T[]): void {
    this.#items = items;
    try {
      this.#storage?.setItem(this.#key, JSON.stringify(items));
    } catch {
      // storage is full or refused: then they last as long as the page
    }
  }

  // What is stored may be from another version, or from anybody who can write there.
  #load(): readonly T[] {
    try {
      const stored: unknown = JSON.parse(this.#storage?.getItem(this.#key) ?? "[]");
      return Array.isArray(stored) ? stored.filter(this.#isItem).slice(0, maxRecent) : [];
    } catch {
      return [];
    }
  }
}

/** pageStorage is what the browser keeps for this origin, or null if it keeps nothing. */
export function pageStorage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null; // switched off in the browser
  }
}
