// Messages of SSDP, the discovery of UPnP: the head of an HTTP message in one datagram.

/** SSDPMessage is a response to a search, or a notice. */
export interface SSDPMessage {
  readonly kind: "response" | "notify";
  /** header has the values by name, in upper case. */
  readonly header: ReadonlyMap<string, string>;
}

const maxHeaderLines = 64;
const maxValueChars = 1024;

/** searchMessage asks everybody in a group for everything; whoever answers waits up to mx seconds before. */
export function searchMessage(group: string, mx: number): Uint8Array {
  const lines = [
    "M-SEARCH * HTTP/1.1",
    `HOST: ${group}`,
    'MAN: "ssdp:discover"',
    `MX: ${mx}`,
    "ST: ssdp:all",
    "",
    "",
  ];
  return new TextEncoder().encode(lines.join("\r\n"));
}

/** parseSSDP reads a datagram. It is null if it is neither a response nor a notice; a search of others is neither. */
export function parseSSDP(datagram: Uint8Array): SSDPMessage | null {
  const [start = "", ...lines] = new TextDecoder().decode(datagram).split(/\r?\n/, maxHeaderLines + 1);
  const kind = /^HTTP\/1\.\d 200\b/.test(start)
    ? "response"
    : /^NOTIFY \* HTTP\/1\.\d$/.test(start)
      ? "notify"
      : null;
  if (kind === null) {
    return null;
  }
  const header = new Map<string, string>();
  for (const line of lines) {
    const [, name, value = ""] = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):(.*)$/s.exec(line) ?? [];
    // The first of a name holds, as nobody can put another before it.
    if (name !== undefined && !header.has(name.toUpperCase())) {
      header.set(name.toUpperCase(), value.trim().slice(0, maxValueChars));
    }
  }
  return { kind, header };
}
