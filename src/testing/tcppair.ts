// Connected pairs on the gateway's loopback, both ends through the same client.

import type { Net } from "../connect.js";
import type { TCPConn } from "../tcpsock.js";
import type { Pair } from "./nettest.js";

/** tcpPair dials a listener of its own and gives both ends, the dialled one first. */
export async function tcpPair(net: Net): Promise<[TCPConn, TCPConn]> {
  await using l = await net.Listen("tcp", "127.0.0.1:0");
  return await Promise.all([net.Dial("tcp", l.Addr().String()), l.AcceptTCP()]);
}

/** makeTCPPair makes pairs for the connection suite. */
export function makeTCPPair(net: Net): () => Promise<Pair> {
  return async () => {
    const [c1, c2] = await tcpPair(net);
    return {
      c1,
      c2,
      async stop() {
        // A check may have closed them.
        await Promise.allSettled([c1.Close(), c2.Close()]);
      },
    };
  };
}
