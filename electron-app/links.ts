// Links of the app's own, gonet://dial?network=tcp&address=host:port, which other programs and pages may open. A link fills
// in the form of a new window and that is all: whoever sits there reads where to and presses Connect, or does not.

const prefix = "gonet://";
const maxLinkChars = 2_000;
const networks: ReadonlySet<string> = new Set(["tcp", "tcp4", "tcp6"]);
const maxAddressChars = 300;

/** routeOf gives the fragment of the page that a link asks for; null if it is no link of ours, or an odd one. */
export function routeOf(link: string): string | null {
  if (link.length > maxLinkChars || !link.startsWith(prefix) || !URL.canParse(link)) return null;
  const { host, pathname, searchParams, hash, username, port } = new URL(link);
  if (
    host !== "dial" ||
    (pathname !== "" && pathname !== "/") ||
    hash !== "" ||
    username !== "" ||
    port !== ""
  ) {
    return null;
  }
  const address = searchParams.get("address") ?? "";
  const network = searchParams.get("network") ?? "tcp";
  const known = [...searchParams.keys()].every((name) => name === "address" || name === "network");
  // Printable ASCII without spaces: what a name or an address with its port is made of.
  const isAddress = address.length <= maxAddressChars && /^[!-~]+:[!-~]*$/.test(address);
  if (!known || !isAddress || !networks.has(network)) return null;
  return `#/tcp?${new URLSearchParams({ target: address, network })}`;
}

/** linkIn finds a link among the arguments that the program was started with. Everything else there means nothing. */
export function linkIn(argv: readonly string[]): string | null {
  return argv.find((argument) => argument.startsWith(prefix)) ?? null;
}
