// The suites over every family besides TCP, joined in each way.

import { afterAll, beforeAll, describe } from "vitest";
import type { Net } from "./connect.js";
import { type Joined, ways } from "./testing/gateways.js";
import { testConn, testPacketConn } from "./testing/nettest-vitest.js";
import { makeIPPair, makeUDPPair, makeUnixgramPair, makeUnixPair } from "./testing/packetpairs.js";

const isRoot = process.getuid?.() === 0;

for (const [way, join] of Object.entries(ways)) {
  describe(`over ${way}`, () => {
    let at: Joined;
    beforeAll(async () => {
      at = await join();
    });
    afterAll(() => at.close());
    const now =
      <M>(make: (net: Net) => () => Promise<M>) =>
      () =>
        make(at.net)();

    testPacketConn("UDP", now(makeUDPPair));
    testPacketConn("unixgram", now(makeUnixgramPair));
    describe.skipIf(!isRoot)(isRoot ? "as root" : "raw IP needs root", () => {
      testPacketConn("raw IP", now(makeIPPair));
    });
    testConn(
      "unix",
      now((net) => makeUnixPair(net, "unix")),
    );
    testConn(
      "unixpacket",
      now((net) => makeUnixPair(net, "unixpacket")),
    );
  });
}
