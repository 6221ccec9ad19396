// Pairs for the packet suite, and Unix pairs for the connection suite, both ends through the same client. Nothing is left
// on a disk: Unix sockets have abstract names.

import type { Net } from "../connect.js";
import type { Pair } from "./nettest.js";
import type { PacketPair, Packets } from "./packettest.js";

const udpBytes = 65_507; // what an IPv4 packet can hold besides the headers of IP and UDP
const ipBytes = 65_515;
const ipHeaderBytes = 20;
// The kernel takes this twice as a Unix socket's buffer, and of it a little for itself (unix(7), socket(7)).
const unixBufferBytes = 32 * 1024;
const unixBytes = 2 * unixBufferBytes - 32;
const recordBytes = 32 * 1024;
const experimentalProtocol = 253; // RFC 3692

function freshName(): string {
  return `@gonet-${crypto.randomUUID()}`;
}

function pair(
  net: Net,
  sockets: [Packets, Packets],
  lengths: Pick<PacketPair, "maxBytes" | "headerBytes">,
): PacketPair {
  const [c1, c2] = sockets;
  return {
    c1,
    c2,
    ...lengths,
    foreign: new net.TCPAddr({ IP: net.IPv4(127, 0, 0, 1), Port: 9 }),
    async stop() {
      // A check may have closed them.
      await Promise.allSettled([c1.Close(), c2.Close()]);
    },
  };
}

/** makeUDPPair makes two UDP sockets on free ports of host. */
export function makeUDPPair(net: Net, host = "127.0.0.1"): () => Promise<PacketPair> {
  const open = () => net.ListenPacket("udp", net.JoinHostPort(host, "0"));
  const maxBytes = host.includes(":") ? udpBytes + ipHeaderBytes : udpBytes;
  return async () => pair(net, await Promise.all([open(), open()]), { maxBytes, headerBytes: 0 });
}

/** makeUnixgramPair makes two Unix sockets of datagrams. */
export function makeUnixgramPair(net: Net): () => Promise<PacketPair> {
  const open = async () => {
    const c = await net.ListenPacket("unixgram", freshName());
    await c.SetWriteBuffer(unixBufferBytes);
    return c;
  };
  return async () => pair(net, await Promise.all([open(), open()]), { maxBytes: unixBytes, headerBytes: 0 });
}

/** makeIPPair makes two raw sockets, on addresses of loopback that nobody else has. */
export function makeIPPair(net: Net): () => Promise<PacketPair> {
  const open = () => {
    const host = [127, ...crypto.getRandomValues(new Uint8Array(3))].join(".");
    return net.ListenPacket(`ip4:${experimentalProtocol}`, host);
  };
  const lengths = { maxBytes: ipBytes, headerBytes: ipHeaderBytes };
  return async () => pair(net, await Promise.all([open(), open()]), lengths);
}

/** makeUnixPair makes pairs for the connection suite, the dialled end first. */
export function makeUnixPair(net: Net, network: "unix" | "unixpacket"): () => Promise<Pair> {
  return async () => {
    await using l = await net.Listen(network, freshName());
    const [c1, c2] = await Promise.all([net.Dial(network, l.Addr().String()), l.AcceptUnix()]);
    return {
      c1,
      c2,
      ...(network === "unixpacket" ? { packetBytes: recordBytes } : {}),
      async stop() {
        await Promise.allSettled([c1.Close(), c2.Close()]);
      },
    };
  };
}
