import { afterAll, beforeAll, describe } from "vitest";
import { type Joined, ways } from "./testing/gateways.js";
import { testConn } from "./testing/nettest-vitest.js";
import { makeTCPPair } from "./testing/tcppair.js";

for (const [way, join] of Object.entries(ways)) {
  describe(`over ${way}`, () => {
    let at: Joined;
    beforeAll(async () => {
      at = await join();
    });
    afterAll(() => at.close());

    testConn("TCP", () => makeTCPPair(at.net)());
  });
}
