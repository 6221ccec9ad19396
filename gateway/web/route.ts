// What the page shows, as the fragment of its address: "#/tcp?target=localhost:80". It can be kept as a bookmark and
// sent to others: it holds no token, and opening it never connects to anything.

/** Route is a tool and what it is to show. */
export interface Route {
  readonly tool: string;
  readonly params: Readonly<Record<string, string>>;
}

/** parseRoute reads a fragment; null means that it is none of ours. */
export function parseRoute(hash: string): Route | null {
  const match = /^#\/([a-z0-9-]+)(?:\?(.*))?$/.exec(hash);
  if (match === null) {
    return null;
  }
  const [, tool = "", query = ""] = match;
  return { tool, params: Object.fromEntries(new URLSearchParams(query)) };
}

/** formatRoute is the fragment of a route. Empty parameters are left away. */
export function formatRoute({ tool, params }: Route): string {
  const query = Object.entries(params)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${encodeURIComponent(name)}=${readable(encodeURIComponent(value))}`)
    .join("&");
  return query === "" ? `#/${tool}` : `#/${tool}?${query}`;
}

// A fragment may have these as they are, and an address is easier to read with them.
function readable(encoded: string): string {
  return encoded.replace(/%3A/g, ":").replace(/%2F/g, "/").replace(/%5B/g, "[").replace(/%5D/g, "]");
}
