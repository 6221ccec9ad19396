// Dials of the families that have no connection type of their own here yet.

import { goError, type Link, RefusedError } from "./link.js";
import { type Addr, type Conn, errMissingAddress, UnknownNetworkError } from "./net.js";
import { fromPieces } from "./pieces.js";
import { parseNetwork } from "./port.js";
import { dialError } from "./tcpsock.js";
import { Deadline } from "./wire/deadline.js";

/** dialByGateway checks what Go checks without a system call, then asks the gateway, which refuses networks it lacks. */
export async function dialByGateway(
  link: Link,
  network: string,
  family: RegExp,
  laddr: Addr | null,
  raddr: Addr | null,
): Promise<Conn> {
  try {
    const [afnet] = parseNetwork(network, true);
    if (!family.test(afnet)) {
      throw new UnknownNetworkError(network);
    }
    if (raddr === null) {
      throw errMissingAddress;
    }
    await link.open("dial", [network, ["name", raddr.String(), 0], null, []], new Deadline());
    throw new UnknownNetworkError(network);
  } catch (err) {
    const why = err instanceof RefusedError ? fromPieces(err.pieces, "socket") : goError(err, "socket");
    throw dialError(network, laddr, raddr, why);
  }
}
