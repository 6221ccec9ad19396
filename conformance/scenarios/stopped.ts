// N22: what a Go program finds that was stopped by SIGSTOP and goes on after SIGCONT, a client finds whose link was away. The
// peers do the same things to both meanwhile. Its twin is oracle/stopped.go.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { TCPConn, UDPConn } from "../../src/node.js";
import { failure, settled } from "./format.js";
import { inMs, pass, type Scenario, Transcript } from "./scenario.js";

const stopMs = 1500;
const actMs = 300; // into the stop
const deadlineMs = 700; // passes in the stop
const settleMs = 300; // what came meanwhile has arrived then
const manyBytes = 16 << 20;
const packets = 200; // more than fit
const swallowed = "198.51.100.9:80";

// roads are the connections that the stopped program dials, by what happens to them.
const roads = [
  "data",
  "end",
  "reset",
  "pending reset",
  "write",
  "write reset",
  "unread reset",
  "deadline",
] as const;
type Road = (typeof roads)[number];

/** stoppedScenarios by name. */
export const stoppedScenarios: Readonly<Record<string, Scenario>> = {
  "stopped-and-continued": async (t) => {
    const { net, chaos } = await t.badNetwork();
    const peers = {} as Record<Road, Socket>;
    const roadTo = {} as Record<Road, TCPConn>;
    const servers: Server[] = [];
    for (const road of roads) {
      const server = createServer({ pauseOnConnect: true });
      servers.push(server.listen(0, "127.0.0.1"));
      await once(server, "listening");
      const accepted = once(server, "connection") as Promise<[Socket]>;
      const { port } = server.address() as AddressInfo;
      roadTo[road] = t.later(await net.Dial("tcp", `127.0.0.1:${port}`));
      [peers[road]] = await accepted;
      peers[road].on("error", () => {});
    }
    const accept = t.later(await net.Listen("tcp", "127.0.0.1:0"));
    const acceptDeadline = t.later(await net.Listen("tcp", "127.0.0.1:0"));
    const packet = t.later(await net.ListenPacket("udp", "127.0.0.1:0"));
    const overflow = t.later(await net.ListenPacket("udp", "127.0.0.1:0"));
    await (overflow as UDPConn).SetReadBuffer(16 << 10);

    // Each socket has a transcript of its own.
    let goOn = (): void => {};
    const on = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const parts: Promise<string[]>[] = [];
    const part = (name: string, run: (t: Transcript) => Promise<void>): void => {
      const own = new Transcript(net, t.badNetwork);
      parts.push(run(own).then(() => own.lines.map((line) => `${name}: ${line}`)));
    };
    part("data", async (t) => {
      await t.read("pending Read", roadTo.data, 64);
      await on;
      await t.read("Read", roadTo.data, 64);
      await t.read("Read", roadTo.data, 64);
    });
    part("end", async (t) => {
      await on;
      await t.read("Read", roadTo.end, 64);
      await t.read("Read", roadTo.end, 64);
    });
    part("reset", async (t) => {
      await on;
      for (let i = 0; i < 3; i++) await t.read("Read", roadTo.reset, 64);
      await t.write("Write", roadTo.reset, "x");
    });
    part("pending reset", async (t) => {
      const c = roadTo["pending reset"];
      await t.read("pending Read", c, 64);
      await on;
      await t.read("Read", c, 64);
      await t.write("Write", c, "x");
    });
    part("unread reset", async (t) => {
      const c = roadTo["unread reset"];
      await on;
      await t.write("Write", c, "x");
      await t.write("Write", c, "x");
      await t.read("Read", c, 64);
    });
    part("write", async (t) => {
      await t.write("pending Write", roadTo.write, new Uint8Array(manyBytes));
      await on;
    });
    part("write reset", async (t) => {
      const c = roadTo["write reset"];
      const { n, err } = await settled(c.Write(new Uint8Array(manyBytes)));
      t.line(`pending Write: some=${n > 0} all=${n === manyBytes} ${t.text(err)}`);
      await on;
      await t.write("Write", c, "x");
      await t.read("Read", c, 64);
    });
    part("deadline", async (t) => {
      const c = roadTo.deadline;
      c.SetReadDeadline(inMs(deadlineMs));
      await t.read("pending Read", c, 64);
      await on;
      await t.read("Read", c, 64);
      c.SetReadDeadline(null);
      await t.read("Read", c, 64);
    });
    part("accept", async (t) => {
      for (let i = 0; i < 3; i++) {
        const c = t.later(await accept.Accept());
        if (i === 0) await on;
        await t.read("Read", c, 64);
        await t.read("Read", c, 64);
      }
      await t.end();
    });
    part("accept deadline", async (t) => {
      acceptDeadline.SetDeadline(inMs(deadlineMs));
      await t.error("pending Accept", () => acceptDeadline.Accept());
      await on;
      acceptDeadline.SetDeadline(null);
      await t.error("Accept", async () => void t.later(await acceptDeadline.Accept()));
      await t.end();
    });
    part("dial", (t) => t.error("pending DialTimeout", () => net.DialTimeout("tcp", swallowed, deadlineMs)));
    part("packets", async (t) => {
      const b = new Uint8Array(64);
      for (let i = 0; i < 3; i++) {
        const [n, from] = await packet.ReadFrom(b);
        t.line(`ReadFrom: n=${n} data=${t.quoted(b.subarray(0, n))}`);
        t.address("from", from);
        if (i === 0) await on;
      }
    });
    part("overflow", async (t) => {
      await on;
      const b = new Uint8Array(2000);
      overflow.SetReadDeadline(inMs(500));
      let got = 0;
      let isFirst = true;
      const err = await failure(async () => {
        for (;;) {
          const [n] = await overflow.ReadFrom(b);
          isFirst &&= Number.parseInt(new TextDecoder().decode(b.subarray(0, n)), 10) === got;
          got++;
        }
      });
      t.line(`ReadFrom: ${t.text(err)}`);
      t.line(`got some=${got > 0} all=${got === packets} the first ones=${isFirst}`);
    });
    await pass(100);

    chaos.isDown = true;
    chaos.cut("reset");
    await pass(actMs);
    peers.data.write("while stopped");
    peers.end.end("last");
    peers.reset.write("last");
    for (const road of ["pending reset", "write reset", "unread reset"] as const)
      peers[road].resetAndDestroy();
    peers.write.resume();
    const portOf = (address: { String(): string } | null): number =>
      Number(address?.String().split(":").at(-1));
    for (let i = 1; i <= 3; i++) {
      const client = connect(portOf(accept.Addr()), "127.0.0.1");
      await once(client, "connect");
      client.end(`client ${i}`);
    }
    const from = createSocket("udp4");
    const send = (to: UDPConn | typeof packet, s: string) =>
      new Promise((resolve) => from.send(s, portOf(to.LocalAddr()), "127.0.0.1", resolve));
    for (const s of ["one", "two", "three"]) await send(packet, s);
    for (let i = 0; i < packets; i++) await send(overflow, String(i).padEnd(1000));
    await pass(100);
    peers.reset.resetAndDestroy(); // its data is there by now
    await pass(stopMs - actMs - 100);
    const attached = new Promise<void>((resolve) => {
      net.session.watch(({ state }) => state === "attached" && resolve());
    });
    chaos.isDown = false;
    await attached;
    await pass(settleMs);

    peers.data.end("afterwards");
    peers.deadline.write("later");
    const late = connect(portOf(acceptDeadline.Addr()), "127.0.0.1");
    await pass(settleMs);
    goOn();
    for (const lines of await Promise.all(parts)) for (const line of lines) t.line(line);
    for (const socket of [late, ...Object.values(peers)]) socket.destroy();
    for (const server of servers) server.close();
    from.close();
    await net.session.close();
  },
};
