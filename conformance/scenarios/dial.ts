// Dials that fail: what the error says.

import { quote } from "./format.js";
import type { Scenario } from "./scenario.js";

const anyPort = "127.0.0.1:80";
const swallowed = "198.51.100.77:80";

/** dialScenarios by name. */
export const dialScenarios: Readonly<Record<string, Scenario>> = {
  "tcp-dial-refused": async (t) => {
    const { net } = t;
    const address = await t.dead("dead");
    await t.error("Dial tcp", () => net.Dial("tcp", address));
    await t.error("Dial tcp4", () => net.Dial("tcp4", address));
    const raddr = await net.ResolveTCPAddr("tcp", address);
    await t.error("DialTCP", () => net.DialTCP("tcp", null, raddr));
  },

  "dial-unknown-network": async (t) => {
    const { net } = t;
    for (const network of ["tcp5", "", "TCP", "ip", "tcp:80", "ip4:nosuch"]) {
      const address = network.startsWith("ip") ? "127.0.0.1" : anyPort;
      await t.error(`Dial ${quote(network)}`, () => net.Dial(network, address));
    }
    const IP = net.IPv4(127, 0, 0, 1);
    await t.error("DialTCP udp", () => net.DialTCP("udp", null, new net.TCPAddr({ IP, Port: 80 })));
    await t.error("DialUDP tcp", () => net.DialUDP("tcp", null, new net.UDPAddr({ IP, Port: 80 })));
    const path = new net.UnixAddr({ Name: "/x", Net: "unix" });
    await t.error("DialUnix tcp", () => net.DialUnix("tcp", null, path));
    await t.error("DialIP ip4", () => net.DialIP("ip4", null, new net.IPAddr({ IP })));
  },

  "dial-bad-address": async (t) => {
    const { net } = t;
    const addresses = [
      "",
      "127.0.0.1",
      "127.0.0.1:80:80",
      "::1:80",
      "[::1",
      "[::1]80",
      "127.0.0.1:nosuchservice",
      "127.0.0.1:65536",
      "127.0.0.1:-1",
      "foo bar:80",
      "1.2.3.256:80",
    ];
    for (const address of addresses) {
      await t.error(`Dial tcp ${quote(address)}`, () => net.Dial("tcp", address));
    }
    await t.error("Dial udp empty", () => net.Dial("udp", ""));
    await t.error("Dial unix empty", () => net.Dial("unix", ""));
  },

  "tcp-dial-timeout": async (t) => {
    const began = performance.now();
    await t.anyError("DialTimeout", () => t.net.DialTimeout("tcp", swallowed, 250));
    t.since("DialTimeout", began, 245, 1500);
  },
};
