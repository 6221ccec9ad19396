// Keeps what is fuzzed on loopback, and to the fuzzer's own peers: whatever a client of this process asks to dial or to
// listen at, that is where it goes.

import type { Target } from "../../../gateway/args.js";
import { Client } from "../../../gateway/client.js";
import { parseIP } from "../../../gateway/iptext.js";
import type { Network } from "../../../gateway/network.js";
import { PiecesError } from "../../wire/errors.js";
import type { SockAddr } from "../../wire/sockaddr.js";
import { type Peers, peerHost } from "./peers.js";

const peerIP = Uint8Array.from(peerHost.split("."), Number);
const ownPort = 4_000; // each socket has an address of its own
const rawProtocol = 253; // RFC 3692: for experiments
let places = 0;

// freshPlace is where a socket of that network is bound: an address of loopback, from which nothing else can be reached, or
// an abstract name, of which nothing is left on a disk.
function freshPlace({ base }: Network): SockAddr {
  const n = ++places;
  if (base.startsWith("unix")) return [1, Buffer.from(`\0gonet-fuzz-${process.pid}-${n}`)];
  const ip = Uint8Array.of(127, 88 + (process.pid % 128), (n >> 8) & 0xff, n & 0xff);
  return [4, ip, base === "ip" ? 0 : ownPort];
}

/** staySafe changes the Client of this process. Names are looked up, if they are not addresses. */
export function staySafe(peers: Peers): void {
  const { dial, listen, listenPacket } = Client.prototype;
  // Whoever dials what is not a peer of ours may mean the listener that was opened last.
  const listeners = new Map<string, SockAddr>();

  const peer = (network: Network, target: Target | null): Target | null => {
    const { base } = network;
    if (target === null) return null;
    if (base.startsWith("unix")) return listeners.get(base) ?? freshPlace(network);
    if (base === "ip") return [4, peerIP, 0];
    if (base === "udp") return [4, peerIP, peers.udpPort];
    if (target[0] === "name" && parseIP(target[1]) === null) return ["name", target[1], peers.tcpPort];
    const isPeer = target[0] === 4 && target[1].every((b, i) => b === peerIP[i]);
    if (isPeer) return [4, peerIP, isDead(target[2]) ? peers.deadPort : peers.tcpPort];
    return listeners.get(base) ?? [4, peerIP, peers.tcpPort];
  };

  // A quarter of what is asked for is dead.
  const isDead = (port: number) => port % 4 === 3 && port !== peers.tcpPort;
  const protocol = (network: Network, wanted: number) => (network.base === "ip" ? rawProtocol : wanted);

  Client.prototype.dial = function (stream, request, options) {
    const { network } = request;
    if (network.version === 6) throw new PiecesError(["errno", "connect", "ENETUNREACH"]);
    const isBound = request.source !== null || (network.base === "unixgram" && request.target === null);
    const source = isBound ? freshPlace(network) : null;
    const target = peer(network, request.target);
    const safe = { ...request, protocol: protocol(network, request.protocol), target, source };
    dial.call(this, stream, safe, options);
  };
  Client.prototype.listen = function (stream, request, options) {
    if (request.network.version === 6) throw new PiecesError(["errno", "bind", "EADDRNOTAVAIL"]);
    const target = freshPlace(request.network);
    listeners.set(request.network.base, target);
    listen.call(this, stream, { ...request, target }, options);
  };
  Client.prototype.listenPacket = function (stream, request) {
    if (request.network.version === 6) throw new PiecesError(["errno", "bind", "EADDRNOTAVAIL"]);
    const { network } = request;
    const safe = { network, protocol: protocol(network, request.protocol), target: freshPlace(network) };
    listenPacket.call(this, stream, safe);
  };
  // A member of a group is bound to every address, and could send to all the world.
  Client.prototype.listenMulticast = () => {
    throw new PiecesError(["errno", "setsockopt", "ENODEV"]);
  };
}
