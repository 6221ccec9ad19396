// A multicast group on one interface: asking it from a port of one's own, to which answers come, and hearing what others
// say in it. Both sockets are of the gateway's machine.

import * as net from "gonet";

const maxDatagramBytes = 64 * 1024;

/** Group is where the members of a service meet. */
export interface Group {
  readonly IPv4: string;
  readonly IPv6: string;
  readonly port: number;
}

/** OnDatagram is told what came, and from whom. */
export type OnDatagram = (datagram: Uint8Array, from: net.UDPAddr) => void;

/** Membership is one interface in one group, of one family of addresses. */
export interface Membership {
  /** group is the address of the group as it is written, "239.255.255.250:1900". */
  readonly group: string;
  /** ask sends b to the group. */
  ask(b: Uint8Array): Promise<void>;
  /** over resolves when both sockets are closed; with the error, if one ended them. */
  readonly over: Promise<unknown>;
  close(): Promise<void>;
}

/**
 * join opens sockets in group on ifi, for each family that it has an address of. What cannot be opened is told to onError; the
 * rest goes on.
 */
export async function join(
  ifi: net.Interface,
  group: Group,
  {
    onDatagram,
    onError,
    signal,
  }: { onDatagram: OnDatagram; onError: (err: unknown) => void; signal: AbortSignal },
): Promise<Membership[]> {
  const ips = (await ifi.Addrs(signal)).map((addr) => (addr instanceof net.IPNet ? addr.IP : null));
  const own4 = ips.find((ip) => ip?.To4()) ?? null;
  const own6 = ips.find((ip) => ip && ip.To4() === null && ip.IsLinkLocalUnicast()) ?? null;
  const memberships: Membership[] = [];
  for (const [network, own, to] of [
    ["udp4", own4, group.IPv4],
    ["udp6", own6, group.IPv6],
  ] as const) {
    if (own === null) {
      continue;
    }
    const zone = network === "udp6" ? ifi.Name : "";
    const address = new net.UDPAddr({ IP: net.ParseIP(to), Port: group.port, Zone: zone });
    try {
      memberships.push(await open(ifi, network, new net.UDPAddr({ IP: own, Zone: zone }), address));
    } catch (err) {
      onError(err);
    }
  }
  return memberships;

  async function open(
    on: net.Interface,
    network: string,
    own: net.UDPAddr,
    to: net.UDPAddr,
  ): Promise<Membership> {
    // Bound to an address of the interface, it sends to groups there.
    const asking = await net.ListenUDP(network, own, signal);
    const conns = [asking];
    try {
      conns.push(await net.ListenMulticastUDP(network, on, to, signal));
    } catch (err) {
      onError(err); // answers still come to the port that asks
    }
    const close = async (): Promise<void> => {
      await Promise.allSettled(conns.map((conn) => conn.Close()));
    };
    const reading = conns.map((conn) => read(conn, onDatagram));
    const over = Promise.race(reading).then(async (err) => {
      await close();
      await Promise.all(reading);
      return err;
    });
    return {
      group: net.JoinHostPort(to.IP?.String() ?? "", String(to.Port)),
      ask: async (b) => void (await asking.WriteTo(b, to)),
      over,
      close,
    };
  }
}

// read goes on until the socket ends; it gives the error, or null if it was closed.
async function read(conn: net.UDPConn, onDatagram: OnDatagram): Promise<unknown> {
  const b = new Uint8Array(maxDatagramBytes);
  try {
    for (;;) {
      const [n, from] = await conn.ReadFromUDP(b);
      onDatagram(b.subarray(0, n), from);
    }
  } catch (err) {
    return net.errors.Is(err, net.ErrClosed) ? null : err;
  }
}
