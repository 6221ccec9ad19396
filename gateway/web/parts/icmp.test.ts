import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checksum,
  type ErrorMessage,
  echoRequest,
  errorMessageText,
  isPortUnreachable,
  parseICMP,
  parseIPv4,
  type Version,
} from "./icmp.js";

const hex = (s: string): Uint8Array => Uint8Array.from(Buffer.from(s.replaceAll(/\s/g, ""), "hex"));

// reply makes of a request what a kernel answers with: another type, and the checksum that goes with it.
function reply(request: Uint8Array): Uint8Array {
  const b = request.slice();
  b[0] = 0;
  return withChecksum(b);
}

function withChecksum(b: Uint8Array): Uint8Array {
  new DataView(b.buffer).setUint16(2, 0);
  new DataView(b.buffer).setUint16(2, checksum(b));
  return b;
}

// quoting is an error message about a packet.
function quoting(type: number, code: number, packet: Uint8Array): Uint8Array {
  return withChecksum(Uint8Array.of(type, code, 0, 0, 0, 0, 0, 0, ...packet));
}

const ipv4Header = (protocol: number): Uint8Array =>
  hex(`4500 0054 0000 4000 01 ${protocol.toString(16).padStart(2, "0")} 0000 7f000001 7f000002`);
const ipv6Header = (next: number): Uint8Array =>
  hex(`60000000 0010 ${next.toString(16).padStart(2, "0")} 01 ${"00".repeat(15)}01 ${"00".repeat(15)}02`);

describe("checksum", () => {
  // The example of RFC 1071, section 3, whose sum is ddf2.
  test("is that of RFC 1071", () => {
    expect(checksum(hex("0001 f203 f4f5 f6f7"))).toBe(0xddf2 ^ 0xffff);
  });

  test("takes an odd byte as the first of two", () => {
    expect(checksum(Uint8Array.of(1))).toBe(checksum(Uint8Array.of(1, 0)));
    expect(checksum(new Uint8Array(0))).toBe(0xffff);
  });

  test("over a message that holds it is 0, whatever the message", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 80 }), (b) => {
        expect(checksum(withChecksum(b))).toBe(0);
      }),
    );
  });
});

describe("an echo", () => {
  test("of IPv4 is what ping sends, byte for byte", () => {
    expect([...echoRequest(4, { id: 0x1234, seq: 1 }, 4)]).toEqual([...hex("0800 e3c6 1234 0001 00010203")]);
  });

  test("of IPv6 leaves its checksum to the kernel", () => {
    expect([...echoRequest(6, { id: 0x1234, seq: 1 }, 2)]).toEqual([...hex("8000 0000 1234 0001 0001")]);
  });

  test("comes back with its id and sequence", () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(0xffff), fc.nat(2000), (id, seq, size) => {
        const message = parseICMP(4, reply(echoRequest(4, { id, seq }, size)));
        expect(message).toEqual({ kind: "echoReply", id, seq, length: size + 8 });
      }),
    );
  });

  test("that is a request is not waited for, nor is a damaged or short reply", () => {
    const request = echoRequest(4, { id: 1, seq: 2 }, 8);
    expect(parseICMP(4, request)).toBeNull();
    const damaged = reply(request);
    damaged[9] = (damaged[9] as number) ^ 1;
    expect(parseICMP(4, damaged)).toBeNull();
    expect(parseICMP(4, reply(request).subarray(0, 7))).toBeNull();
    expect(parseICMP(6, new Uint8Array(0))).toBeNull();
  });
});

describe("an error", () => {
  test("names the echo it is about", () => {
    const echo = echoRequest(4, { id: 7, seq: 9 }, 0);
    const message = parseICMP(4, quoting(11, 0, Uint8Array.of(...ipv4Header(1), ...echo)));
    expect(message).toEqual({ kind: "timeExceeded", code: 0, quoted: { kind: "echo", id: 7, seq: 9 } });
    const echo6 = echoRequest(6, { id: 7, seq: 9 }, 0);
    const message6 = parseICMP(6, quoting(3, 0, Uint8Array.of(...ipv6Header(58), ...echo6)));
    expect(message6).toEqual(message);
  });

  test("names the ports it is about", () => {
    const datagram = hex("c000 829a 0008 0000");
    const quoted = { kind: "udp", sourcePort: 0xc000, port: 33434 };
    expect(parseICMP(4, quoting(3, 3, Uint8Array.of(...ipv4Header(17), ...datagram)))).toEqual({
      kind: "unreachable",
      code: 3,
      quoted,
    });
    expect(parseICMP(6, quoting(1, 4, Uint8Array.of(...ipv6Header(17), ...datagram)))).toEqual({
      kind: "unreachable",
      code: 4,
      quoted,
    });
  });

  test.each([
    ["a packet of TCP", Uint8Array.of(...ipv4Header(6), ...new Uint8Array(8))],
    ["an echo reply", Uint8Array.of(...ipv4Header(1), ...reply(echoRequest(4, { id: 1, seq: 1 }, 0)))],
    ["less than eight bytes", Uint8Array.of(...ipv4Header(17), ...new Uint8Array(7))],
    ["nothing", new Uint8Array(0)],
    ["a header that claims to be longer", Uint8Array.of(0x4f, ...new Uint8Array(30))],
    ["a header that claims to be too short", Uint8Array.of(0x44, ...new Uint8Array(30))],
    ["a packet of another version", Uint8Array.of(...ipv6Header(17), ...new Uint8Array(8))],
  ])("about %s is none of ours", (_, packet) => {
    expect(parseICMP(4, quoting(11, 0, packet))).toBeNull();
  });

  test.each<[Version, ErrorMessage["kind"], number, string]>([
    [4, "timeExceeded", 0, "time to live exceeded"],
    [4, "timeExceeded", 1, "reassembly time exceeded"],
    [4, "unreachable", 1, "host unreachable"],
    [4, "unreachable", 3, "port unreachable"],
    [4, "unreachable", 99, "unreachable, code 99"],
    [6, "unreachable", 0, "no route"],
    [6, "unreachable", 4, "port unreachable"],
  ])("of IPv%d, %s, code %d, in words", (version, kind, code, text) => {
    const message: ErrorMessage = { kind, code, quoted: { kind: "echo", id: 0, seq: 0 } };
    expect(errorMessageText(version, message)).toBe(text);
    expect(isPortUnreachable(version, message)).toBe(text === "port unreachable");
  });
});

test("no bytes make parsing fail", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.constantFrom<Version>(4, 6), (b, version) => {
      parseIPv4(b);
      parseICMP(version, b.length < 8 ? b : withChecksum(b.slice()));
    }),
  );
});

test("a header of IPv4 with options is taken off whole", () => {
  const b = Uint8Array.of(0x46, ...new Uint8Array(7), 64, 1, ...new Uint8Array(14), 0xaa);
  expect(parseIPv4(b)).toEqual({ ttl: 64, protocol: 1, payload: Uint8Array.of(0xaa) });
  expect(parseIPv4(b.subarray(0, 23))).toBeNull();
});
