// Clients that abuse flow control, against a real gateway in a process of its own, while somebody else echoes over it.

import { fork } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connect as connectNet } from "../src/node.js";
import { Bystander, tripsText } from "../src/testing/bystander.js";
import { Chaos } from "../src/testing/chaos.js";
import { GatewayProcess } from "../src/testing/gatewayprocess.js";
import { PlainServer } from "../src/testing/plainpeer.js";
import { turns } from "../src/testing/rawpeer.js";
import { closeCode } from "../src/wire/errors.js";
import { frameType as T } from "../src/wire/frame.js";
import { defaultLimits } from "../src/wire/limits.js";
import type { SockAddr } from "../src/wire/sockaddr.js";
import { Guest } from "./testing/guest.js";

const mebibyte = 2 ** 20;

let gateway: GatewayProcess;
let server: PlainServer;
let bystander: Bystander;

beforeAll(async () => {
  gateway = await GatewayProcess.start();
});
afterAll(() => gateway.stop());

// What one test dialled in vain must not come to the next.
beforeEach(async () => {
  server = await PlainServer.listen();
});
afterEach(() => server[Symbol.asyncDispose]());

const at = (): SockAddr => [4, Uint8Array.of(127, 0, 0, 1), server.port];

async function guest(): Promise<Guest> {
  return Guest.over((await gateway.webSocket()).transport);
}

// besides runs an attack while the bystander echoes, and says how that fared.
async function besides(name: string, attack: () => Promise<void>): Promise<void> {
  bystander = await Bystander.start(await gateway.connect());
  try {
    await attack();
  } finally {
    const trips = await bystander.stop();
    console.log(`${name}: ${tripsText(trips)}`);
    expect(trips.count).toBeGreaterThan(0);
  }
}

// pour writes until somebody closes the socket.
function pour(socket: Socket): void {
  const chunk = Buffer.alloc(64 * 1024, 7);
  const more = (): void => {
    while (!socket.destroyed) if (!socket.write(chunk)) return void socket.once("drain", more);
  };
  more();
}

describe("a client that abuses flow control", { timeout: 120_000 }, () => {
  test("F05: credit in drops is gathered: one frame a turn, not one a drop", async () => {
    await besides("F05", async () => {
      const client = await guest();
      const id = client.dial(at());
      await client.answered(id);
      const far = await server.accepted();
      pour(far);
      const window = defaultLimits.streamWindow;
      await client.until(() => client.bytesOf(id) === window);
      const drops = 65_536;
      const before = client.all(T.data).length;
      for (let drop = 1; drop <= drops; ) {
        const message = Array.from({ length: 256 }, () => [T.credit, id, window + drop++] as const);
        client.send(...message);
        await turns(1);
      }
      await client.until(() => client.bytesOf(id) === window + drops || client.closed !== null);
      expect(client.closed).toBeNull();
      // What came in one message counts once: the 256 drops of it are one frame at the most.
      expect(client.all(T.data).length - before).toBeLessThanOrEqual(drops / 256);
      far.destroy();
      await client.close(id);
    });
  });

  test("F08: a thousand streams with credit that nobody reads are bounded by the session's", async () => {
    await besides("F08", async () => {
      const client = await guest();
      client.autoAck = false;
      const ids = Array.from({ length: 1000 }, () => client.dial(at()));
      const sockets: Socket[] = [];
      for (const id of ids) {
        await client.answered(id);
        sockets.push(await server.accepted());
        if (client.numbered % 50 === 0) client.send([T.ack, client.numbered]);
      }
      client.send([T.ack, client.numbered]);
      const before = await gateway.holdings();
      const each = Buffer.alloc(128 * 1024, 7); // 125 MiB in all
      for (const socket of sockets) socket.write(each);
      let held = before;
      let most = 0;
      // The gateway goes on until it may not; then nothing grows any more.
      for (let calm = 0; calm < 10; ) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        held = await gateway.holdings();
        calm = held.arrayBuffers > most ? 0 : calm + 1;
        most = Math.max(most, held.arrayBuffers);
      }
      const slackBytes = 2 * mebibyte; // what is being read, and what waits in the WebSocket
      expect(most - before.arrayBuffers).toBeLessThan(defaultLimits.replayBytes + slackBytes);
      for (const socket of sockets) socket.destroy();
      client.send([T.goodbye, closeCode.goodbye, ""]);
      await client.end();
    });
  });

  test("F09: opening and canceling without end is ended with 4429, and leaves nothing behind", async () => {
    const rest = await GatewayProcess.start();
    try {
      const before = await rest.holdings();
      await besides("F09", async () => {
        const client = await Guest.over((await rest.webSocket()).transport);
        const storm = 100_000;
        for (let i = 0; i < storm && client.closed === null; i += 100) {
          for (let k = 0; k < 100; k++) client.send([T.cancel, client.dial(at())]);
          await turns(1);
        }
        const { code, reason } = await client.end();
        expect([code, reason]).toEqual([closeCode.tooMuch, "cancels"]);
      });
      for (;;) {
        const { sockets, descriptors } = await rest.holdings();
        if (sockets === before.sockets && descriptors <= before.descriptors) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    } finally {
      await rest.stop();
    }
  });

  test("F11: a stream that stands still holds up none of 31 others, over a slow link", async () => {
    const chaos = await Chaos.start();
    const target = new URL(gateway.url);
    chaos.target = Number(target.port);
    target.port = String(chaos.port);
    const slow = await GatewayProcess.start({ hosts: [`127.0.0.1:${chaos.port}`] });
    chaos.target = Number(new URL(slow.url).port);
    const net = await connectNet(target, { token: slow.token });
    chaos.toxics = { latencyMs: 50, bytesPerSecond: 4 * mebibyte };
    try {
      const bytes = 256 * 1024;
      // active has so many streams bring so many bytes each, and gives the time that takes.
      const active = async (streams: number): Promise<number> => {
        const began = performance.now();
        await Promise.all(
          Array.from({ length: streams }, async () => {
            const conn = await net.Dial("tcp", server.address);
            pour(await server.accepted());
            await net.io.ReadFull(conn, new Uint8Array(bytes));
            await conn.Close();
          }),
        );
        return performance.now() - began;
      };
      const alone = await active(31);
      const still = await net.Dial("tcp", server.address);
      pour(await server.accepted());
      const beside = await active(31);
      console.log(
        `F11: 31 streams bring ${bytes} bytes each in ${alone.toFixed()} ms, beside one that stands still in ${beside.toFixed()} ms`,
      );
      // Held up would be for ever; the rate is for the report.
      await still.Close();
    } finally {
      await net.session.close();
      await slow.stop();
      await chaos.close();
    }
  });

  test("F14: a flood of datagrams costs the gateway no memory, and the session's connections go on", async () => {
    await besides("F14", async () => {
      const client = await guest();
      const id = client.ask("listenPacket", "udp", [4, Uint8Array.of(127, 0, 0, 1), 0], []);
      const [, , [address]] = (await client.answered(id)) as [number, number, SockAddr[]];
      const tcp = client.dial(at());
      await client.answered(tcp);
      const far = await server.accepted();
      far.pipe(far);
      const before = await gateway.holdings();
      const flood = fork(join(import.meta.dirname, "testing/udpflood.mjs"), [String(address?.[2])]);
      await once(flood, "message");
      // The client gives no credit for datagrams, and echoes over TCP all the while.
      const message = new Uint8Array(1000);
      let most = 0;
      const began = performance.now();
      let echoes = 0;
      while (performance.now() - began < 2000) {
        client.send([T.data, tcp, message]);
        echoes++;
        await client.until(() => client.bytesOf(tcp) === echoes * message.length);
        client.send([T.credit, tcp, defaultLimits.streamWindow + echoes * message.length]);
        if (echoes % 50 === 0) most = Math.max(most, (await gateway.holdings()).arrayBuffers);
      }
      const sent = once(flood, "message");
      flood.send("stop");
      const [count] = (await sent) as [number];
      const got = client.all(T.dgram).reduce((bytes, [, , payload]) => bytes + payload.length, 0);
      console.log(
        `F14: ${count} datagrams sent, ${client.all(T.dgram).length} came, ${echoes} echoes meanwhile`,
      );
      expect(most - before.arrayBuffers).toBeLessThan(4 * mebibyte);
      // A packet may begin as long as there is credit, so one may be beyond it.
      expect(got).toBeLessThan(defaultLimits.streamWindow + 2000);
      expect(count).toBeGreaterThan(client.all(T.dgram).length);
      client.send([T.goodbye, closeCode.goodbye, ""]);
      await client.end();
    });
  });
});
