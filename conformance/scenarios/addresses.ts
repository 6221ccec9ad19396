// Every form of address, dialled, listened on and resolved. What is tried is in ../oracle/addresses.json.

import { IP } from "../../src/ip.js";
import type { Listener } from "../../src/net.js";
import type { TCPAddr, TCPListener } from "../../src/node.js";
import tried from "../oracle/addresses.json" with { type: "json" };
import { failure, quote } from "./format.js";
import type { Scenario, Transcript } from "./scenario.js";

const dialLimitMs = 300;
const givenUpMs = 100;

/** acceptAll closes what comes, until l is closed. */
async function acceptAll(l: Listener): Promise<void> {
  try {
    for await (const c of l) {
      await failure(() => c.Close());
    }
  } catch {
    // The scenario is over, and with it the session.
  }
}

/** servers are two listeners and a port where nothing listens; they take the place of their names in an address. */
async function servers(t: Transcript): Promise<(address: string) => string> {
  const live = await t.listen("live");
  void acceptAll(live);
  const live6 = t.later(await t.net.Listen("tcp6", "[::1]:0"));
  void acceptAll(live6);
  t.named("live6", live6.Addr());
  const dead = await t.dead("dead");
  const [a, b, c] = [live6.Addr().String(), live.Addr().String(), dead].map((s) => s.replace(/.*:/, ""));
  return (address) =>
    address
      .replace("LIVE6", a as string)
      .replace("LIVE", b as string)
      .replace("DEAD", c as string);
}

/** outcome logs what act fails with, or what is said about what it gives, which is then closed. */
async function outcome<C extends { Close(): Promise<void> }>(
  t: Transcript,
  label: string,
  act: () => Promise<C>,
  about: (c: C) => void,
): Promise<void> {
  let made: C | null = null;
  const err = await failure(async () => {
    made = await act();
  });
  if (err !== null) {
    t.line(`${label}: ${t.text(err)}`);
    return;
  }
  about(made as unknown as C);
  await (made as unknown as C).Close();
}

/** addressScenarios by name. */
export const addressScenarios: Readonly<Record<string, Scenario>> = {
  "dial-addresses": async (t) => {
    const ports = await servers(t);
    for (const network of tried.networks) {
      for (const address of tried.dials) {
        const label = `${network} ${quote(address)}`;
        const dial = () => t.net.DialTimeout(network, ports(address), dialLimitMs);
        await outcome(t, label, dial, (c) =>
          t.line(`${label}: ok ${c.LocalAddr().String()}->${c.RemoteAddr()?.String()}`),
        );
      }
    }
  },

  "listen-addresses": async (t) => {
    for (const network of tried.networks) {
      for (const address of tried.listens) {
        const label = `${network} ${quote(address)}`;
        await outcome(
          t,
          label,
          () => t.net.Listen(network, address),
          (l) => t.address(label, l.Addr()),
        );
      }
    }
  },

  "resolve-addresses": async (t) => {
    for (const network of ["", "udp", "tcp5", ...tried.networks]) {
      for (const address of tried.dials) {
        const label = `${quote(network)} ${quote(address)}`;
        const ported = address.replace("LIVE6", "1").replace("LIVE", "2").replace("DEAD", "3");
        const found: TCPAddr[] = [];
        const err = await failure(async () => found.push(await t.net.ResolveTCPAddr(network, ported)));
        if (err !== null) {
          t.line(`${label}: ${t.text(err)}`);
        }
        for (const a of found) {
          t.address(label, a);
        }
      }
    }
  },

  "dial-tcp-addresses": async (t) => {
    const { net } = t;
    const addr = (ip: IP | null, Port = 0): TCPAddr => new net.TCPAddr({ IP: ip, Port });
    const live = await t.listen("live");
    void acceptAll(live);
    const live6 = t.later(await net.ListenTCP("tcp6", addr(net.IPv6loopback)));
    void acceptAll(live6);
    t.named("live6", live6.Addr());
    const loopback = new IP([127, 0, 0, 1]);
    const elsewhere = new IP([192, 0, 2, 7]);
    const ips: (IP | null)[] = [
      null,
      loopback,
      net.IPv4(127, 0, 0, 1),
      net.IPv6loopback,
      net.IPv4zero,
      net.IPv6zero,
      elsewhere,
      new IP([127, 0, 0, 9]),
      new IP([1, 2, 3]),
    ];
    const portOf = (l: TCPListener): number => (l.Addr() as TCPAddr).Port;
    const port = (ip: IP | null): number =>
      portOf(ip !== null && ip.length === net.IPv6len && ip.To4() === null ? live6 : live);
    const attempt = (label: string, network: string, laddr: TCPAddr | null, raddr: TCPAddr | null) =>
      outcome(
        t,
        label,
        () => net.DialTCP(network, laddr, raddr),
        (c) => t.line(`${label}: ok ${c.LocalAddr().String()}->${c.RemoteAddr()?.String()}`),
      );
    const listen = (label: string, network: string, laddr: TCPAddr | null) =>
      outcome(
        t,
        label,
        () => net.ListenTCP(network, laddr),
        (l) => t.address(label, l.Addr()),
      );
    const remote = addr(loopback, port(loopback));
    for (const network of tried.networks) {
      for (const [i, local] of ips.entries()) {
        for (const [j, to] of ips.entries()) {
          if (i !== 6 && j !== 6 && (j !== 8 || i === 0)) {
            await attempt(`DialTCP ${network} ${i} ${j}`, network, addr(local), addr(to, port(to)));
          }
        }
      }
      await attempt(`DialTCP nowhere ${network}`, network, null, null);
      await attempt(`DialTCP anywhere ${network}`, network, null, addr(null));
      await attempt(`DialTCP from port 70000 ${network}`, network, addr(null, 70000), remote);
      await attempt(`DialTCP from elsewhere ${network}`, network, addr(elsewhere), remote);
      await attempt(`DialTCP to port 65536 ${network}`, network, null, addr(loopback, 65536));
      await attempt(`DialTCP to port -1 ${network}`, network, null, addr(loopback, -1));
      const zoned = new net.TCPAddr({ IP: net.ParseIP("fe80::1"), Port: 80, Zone: "nosuch0" });
      await attempt(`DialTCP to a zone ${network}`, network, null, zoned);
      for (const [i, local] of ips.entries()) {
        await listen(`ListenTCP ${network} ${i}`, network, addr(local));
      }
      await listen(`ListenTCP anywhere ${network}`, network, null);
      await listen(`ListenTCP on port 65536 ${network}`, network, addr(loopback, 65536));
      await listen(`ListenTCP on port -1 ${network}`, network, addr(loopback, -1));
    }
    await listen("ListenTCP udp", "udp", null);
    await listen("ListenTCP without network", "", addr(loopback));
  },

  "dial-given-up": async (t) => {
    const { net } = t;
    const addresses = [
      "127.0.0.1:80",
      "198.51.100.77:80",
      "timeout.test:80",
      "files.test:80",
      "127.0.0.1:nosuch",
      "slow.test:80",
      "",
    ];
    for (const a of addresses) {
      await t.error(`canceled before ${a}`, () => net.Dial("tcp", a, AbortSignal.abort()));
      const stop = new AbortController();
      setTimeout(() => stop.abort(), givenUpMs);
      await t.error(`canceled after 100 ms ${a}`, () => net.Dial("tcp", a, stop.signal));
      await t.error(`context of 100 ms ${a}`, () => net.Dial("tcp", a, AbortSignal.timeout(givenUpMs)));
      for (const ms of [-1, givenUpMs]) {
        await t.error(`timeout of ${ms} ms ${a}`, () => net.DialTimeout("tcp", a, ms));
      }
    }
  },
};
