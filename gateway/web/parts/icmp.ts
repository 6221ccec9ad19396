// The messages of ICMP (RFC 792) and ICMPv6 (RFC 4443) that ping and trace route send and read.

/** Version is that of IP. */
export type Version = 4 | 6;

/** protocolNumbers are those of the payload of an IP packet. */
export const protocolNumbers = { icmp: 1, udp: 17, icmpv6: 58 } as const;

const types = {
  4: { echoRequest: 8, echoReply: 0, unreachable: 3, timeExceeded: 11 },
  6: { echoRequest: 128, echoReply: 129, unreachable: 1, timeExceeded: 3 },
} as const;

const headerBytes = 8;
const leastIPv4HeaderBytes = 20;
const ipv6HeaderBytes = 40;
const bytesPerWord = 4;

/** Echo is what tells one echo from others. */
export interface Echo {
  readonly id: number;
  readonly seq: number;
}

/** EchoReply is an answer to an echo request; length is that of its message. */
export interface EchoReply extends Echo {
  readonly kind: "echoReply";
  readonly length: number;
}

/** Quoted is as much as an error tells of the packet it is about: an echo, or the ports of UDP. */
export type Quoted =
  | ({ readonly kind: "echo" } & Echo)
  | { readonly kind: "udp"; readonly sourcePort: number; readonly port: number };

/** ErrorMessage says that a packet did not arrive. */
export interface ErrorMessage {
  readonly kind: "timeExceeded" | "unreachable";
  readonly code: number;
  readonly quoted: Quoted;
}

/** checksum is that of the Internet (RFC 1071); over bytes that hold a right one it is 0. */
export function checksum(bytes: Uint8Array): number {
  const mask = 0xffff;
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += ((bytes[i] as number) << 8) | (bytes[i + 1] ?? 0);
  }
  while (sum > mask) {
    sum = (sum & mask) + (sum >>> 16);
  }
  return ~sum & mask;
}

/**
 * echoRequest is the message to send, with dataBytes of data. The checksum of ICMPv6 also covers addresses, which only the
 * kernel knows: it puts it in (RFC 3542, 3.1).
 */
export function echoRequest(version: Version, { id, seq }: Echo, dataBytes: number): Uint8Array {
  const b = new Uint8Array(headerBytes + dataBytes);
  const view = new DataView(b.buffer);
  b[0] = types[version].echoRequest;
  view.setUint16(4, id);
  view.setUint16(6, seq);
  for (let i = headerBytes; i < b.length; i++) {
    b[i] = i - headerBytes;
  }
  if (version === 4) {
    view.setUint16(2, checksum(b));
  }
  return b;
}

/** parseICMP reads a message. It gives null for one that is damaged, or that neither ping nor trace route waits for. */
export function parseICMP(version: Version, b: Uint8Array): EchoReply | ErrorMessage | null {
  if (b.length < headerBytes || (version === 4 && checksum(b) !== 0)) {
    return null;
  }
  const { echoReply, unreachable, timeExceeded } = types[version];
  const [type, code = 0] = b;
  if (type === echoReply) {
    return { kind: "echoReply", ...echoOf(b), length: b.length };
  }
  if (type !== unreachable && type !== timeExceeded) {
    return null;
  }
  const quoted = parseQuoted(version, b.subarray(headerBytes));
  return quoted && { kind: type === timeExceeded ? "timeExceeded" : "unreachable", code, quoted };
}

/** IPv4Packet is a packet with its header, as a raw socket reads it. */
export interface IPv4Packet {
  readonly ttl: number;
  readonly protocol: number;
  readonly payload: Uint8Array;
}

/** parseIPv4 takes the header off (RFC 791, 3.1); null is no packet of IPv4. */
export function parseIPv4(b: Uint8Array): IPv4Packet | null {
  const [first = 0] = b;
  const length = (first & 0xf) * bytesPerWord;
  if (first >> 4 !== 4 || length < leastIPv4HeaderBytes || b.length < length) {
    return null;
  }
  return { ttl: b[8] as number, protocol: b[9] as number, payload: b.subarray(length) };
}

// An error has the header of the packet and at least eight bytes of what followed it.
function parseQuoted(version: Version, b: Uint8Array): Quoted | null {
  const packet = version === 4 ? parseIPv4(b) : parseIPv6(b);
  if (packet === null || packet.payload.length < headerBytes) {
    return null;
  }
  const { protocol, payload } = packet;
  const icmp = version === 4 ? protocolNumbers.icmp : protocolNumbers.icmpv6;
  if (protocol === icmp && payload[0] === types[version].echoRequest) {
    return { kind: "echo", ...echoOf(payload) };
  }
  if (protocol !== protocolNumbers.udp) {
    return null;
  }
  const view = new DataView(payload.buffer, payload.byteOffset);
  return { kind: "udp", sourcePort: view.getUint16(0), port: view.getUint16(2) };
}

// Nothing that we send has further headers.
function parseIPv6(b: Uint8Array): { protocol: number; payload: Uint8Array } | null {
  const [first = 0] = b;
  return first >> 4 !== 6 || b.length < ipv6HeaderBytes
    ? null
    : { protocol: b[6] as number, payload: b.subarray(ipv6HeaderBytes) };
}

function echoOf(b: Uint8Array): Echo {
  const view = new DataView(b.buffer, b.byteOffset);
  return { id: view.getUint16(4), seq: view.getUint16(6) };
}

const unreachableTexts: Readonly<Record<Version, Readonly<Record<number, string>>>> = {
  4: {
    0: "network unreachable",
    1: "host unreachable",
    2: "protocol unreachable",
    3: "port unreachable",
    4: "fragmentation needed",
    9: "network prohibited",
    10: "host prohibited",
    13: "communication prohibited",
  },
  6: {
    0: "no route",
    1: "communication prohibited",
    2: "beyond the scope of the source",
    3: "address unreachable",
    4: "port unreachable",
    5: "source address refused",
    6: "route refused",
  },
};

/** isPortUnreachable says whether an error came from where the packet went, about a port that nobody has. */
export function isPortUnreachable(version: Version, { kind, code }: ErrorMessage): boolean {
  return kind === "unreachable" && code === (version === 4 ? 3 : 4);
}

/** errorMessageText is an error in the words of the RFCs. */
export function errorMessageText(version: Version, { kind, code }: ErrorMessage): string {
  if (kind === "timeExceeded") {
    return code === 0 ? "time to live exceeded" : "reassembly time exceeded";
  }
  return unreachableTexts[version][code] ?? `unreachable, code ${code}`;
}
