// Frames that look as if somebody meant them: known types, ids in use, known operations with arguments of about the right
// form.

import { frameType as T } from "../../wire/frame.js";
import type { Random } from "../wirerandom.js";

const networks = [
  "tcp",
  "tcp4",
  "tcp6",
  "udp",
  "udp4",
  "ip",
  "ip4",
  "unix",
  "unixgram",
  "unixpacket",
  "tcp5",
  "",
];
const opens = ["dial", "listen", "listenPacket", "listenMulticast", "fileConn", "fileListener", "nothing"];
const calls = [
  "noDelay",
  "keepAlive",
  "keepAlivePeriod",
  "keepAliveConfig",
  "linger",
  "readBuffer",
  "writeBuffer",
  "closeRead",
  "unlinkOnClose",
  "file",
  "lookup",
  "forget",
  "port",
  "protocol",
  "lookupOrder",
  "hostAddresses",
  "hostNames",
  "dnsConfig",
  "sources",
  "interfaces",
  "interfaceAddrs",
  "multicastAddrs",
  "readFile",
  "writeFile",
  "closeFile",
  "nothing",
];
const lookupKinds = ["ip", "ip4", "ip6", "host", "cname", "addr", "ns", "mx", "srv", "txt", "x"];
const words = [
  "tcp",
  "http",
  "echo.test",
  "localhost",
  "127.0.0.1",
  "::1",
  "",
  "icmp",
  "a\0b",
  "..",
  "x".repeat(300),
];
const errnos = ["ECONNREFUSED", "ECONNRESET", "EMFILE", "ENOTHING", ""];
const sizes = [0, 1, 2, 100, 1000, 65_536, 262_144, 2 ** 31, 2 ** 40];

const id = (r: Random): number => 1 + r.below(12);
const size = (r: Random): number => r.pick(sizes);
const word = (r: Random): string => r.pick(words);

function address(r: Random): unknown {
  switch (r.below(6)) {
    case 0:
    case 1:
      return [4, Uint8Array.of(127, 0, 0, 1), r.below(65_536)];
    case 2:
      return [6, new Uint8Array(16), r.below(65_536), r.pick(["", "lo"])];
    case 3:
      return [
        1,
        r.pick([new Uint8Array(), Buffer.from("\0gonet"), Buffer.from("/nowhere/x"), new Uint8Array(109)]),
      ];
    case 4:
      return ["name", word(r), r.pick([80, "http", -1, 65_536])];
    default:
      return null;
  }
}

function options(r: Random): unknown {
  const names = ["timeout", "keepAlive", "noDelay", "protocol", "other"];
  return Array.from({ length: r.below(3) }, () => [r.pick(names), r.pick([0, 1, 15, true, 253, -1])]);
}

function openArgs(r: Random, op: string): unknown[] {
  switch (op) {
    case "dial":
      return [r.pick(networks), address(r), r.below(3) === 0 ? address(r) : null, options(r)];
    case "listenMulticast":
      return [r.pick(["udp", "udp4", "udp6"]), address(r), r.below(3)];
    case "fileConn":
    case "fileListener":
      return [r.below(6) + 2];
    default:
      return [r.pick(networks), address(r), options(r)];
  }
}

function callArgs(r: Random, op: string): unknown[] {
  switch (op) {
    case "lookup":
      return [r.below(5), r.pick(lookupKinds), word(r), r.below(2) === 0];
    case "port":
      return [r.pick(networks), word(r)];
    case "keepAliveConfig":
      return [true, 15, 5, r.below(10) - 1];
    case "sources":
      return Array.from({ length: r.below(4) }, () => address(r));
    case "readFile":
      return [r.below(6) + 2, size(r)];
    case "writeFile":
      return [r.below(6) + 2, r.bytes(r.below(20))];
    case "interfaces":
    case "dnsConfig":
    case "closeRead":
    case "file":
      return [];
    case "noDelay":
    case "keepAlive":
    case "unlinkOnClose":
      return [r.below(2) === 0];
    case "protocol":
    case "lookupOrder":
    case "hostAddresses":
    case "hostNames":
      return [word(r)];
    default:
      return [r.below(8)];
  }
}

function pieces(r: Random): unknown[] {
  return r.pick<() => unknown[]>([
    () => ["errno", r.pick(["connect", "", "read"]), r.pick(errnos)],
    () => ["errno", "socket", "EMFILE", ["limit", "streams"]],
    () => ["timeout"],
    () => ["canceled"],
    () => ["closed"],
    () => ["dns", "no such host", word(r), "", r.below(8)],
    () => [
      "dns",
      ["op", "dial", "udp", null, address(r), "connect", "ECONNREFUSED"],
      word(r),
      "127.0.0.1:53",
      0,
    ],
    () => ["addr", "unknown port", word(r)],
    () => ["network", word(r)],
    () => ["text", word(r)],
    () => [word(r), r.below(3), null, []],
  ])();
}

// A packet's header: offset, flags, address, ancillary data (docs/protocol.md, part 10).
function packet(r: Random): Uint8Array {
  const to = r.below(2) === 0 ? [4, 127, 0, 0, 1, 0, r.below(256)] : [];
  const ancillary =
    r.below(4) === 0 ? [20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, r.below(8), 0, 0, 0] : [];
  const offset = r.pick([0, 0, r.below(4), r.below(1000)]);
  const head = [0, 0, 0, 0, 0, 0, offset >> 8, offset & 0xff, 0, 0, 0, 0, to.length, ...to];
  return Uint8Array.from([...head, 0, ancillary.length, ...ancillary, ...r.bytes(r.below(20))]);
}

/** plausible is such a frame. */
export function plausible(r: Random): readonly unknown[] {
  const type = r.pick(Object.values(T));
  switch (type) {
    case T.hello:
      return [type, r.below(3), ["resume"], null, null, r.below(4), r.below(4), "x"];
    case T.welcome:
      return [type, 1, ["resume"], "g.1", r.bytes(32), r.below(3), r.below(4), 1000, [["streams", 8]], "g"];
    case T.ack:
      return [type, r.below(30)];
    case T.ping:
    case T.pong:
    case T.drain:
      return [type, r.below(100)];
    case T.goodbye:
      return [type, r.pick([1000, 1001, 4400, 4404, 999, 5000]), word(r)];
    case T.dgram:
    case T.record:
      return [type, id(r), packet(r)];
    case T.data:
      return [type, id(r), r.bytes(1 + r.below(40))];
    case T.open: {
      const op = r.pick(opens);
      return [type, id(r), op, openArgs(r, op)];
    }
    case T.opened:
      return [type, id(r), r.pick([[], [address(r)], [address(r), address(r)], ["tcp", address(r), null]])];
    case T.refused:
      return [type, id(r), pieces(r), address(r), address(r)];
    case T.credit:
      return [type, r.below(2) * id(r), size(r)];
    case T.reset:
    case T.fault:
      return [type, id(r), pieces(r)];
    case T.accepted:
      return [type, id(r), 2 * id(r), [address(r), address(r)]];
    case T.call: {
      const op = r.pick(calls);
      return [type, r.below(20), r.below(2) * id(r), op, callArgs(r, op)];
    }
    case T.return:
      return [type, r.below(20), [address(r), word(r), r.below(9)].slice(r.below(3)), r.below(4) === 0];
    case T.throw:
      return [type, r.below(20), pieces(r)];
    case T.sent:
      return [type, id(r), r.below(100), r.below(2) === 0 ? null : pieces(r)];
    default:
      return [type, id(r)];
  }
}
