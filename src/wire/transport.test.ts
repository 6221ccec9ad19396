// One suite of tests over every kind of link: in memory, WebSocket on loopback, MessagePort of worker threads.

import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { MessageChannel } from "node:worker_threads";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { toHex } from "../testing/wireframes.js";
import { Random, testSeed } from "../testing/wirerandom.js";
import { Deadline } from "./deadline.js";
import { closeCode } from "./errors.js";
import { maxMessageBytes } from "./frame.js";
import { type MessagePortLike, MessagePortTransport } from "./messageport.js";
import { pair } from "./pair.js";
import { Session } from "./session.js";
import type { Receiver, Transport } from "./transport.js";
import { type WebSocketLike, WebSocketTransport } from "./websocket.js";

const never = new Deadline();

// Link is a link with both its ends, and what a test needs to know of its kind.
interface Link {
  readonly client: Transport;
  readonly gateway: Transport;
  readonly tellsCode: boolean; // that of close arrives at the other side
  // breakOff ends the link without a word.
  breakOff(): void;
}

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Sockets {
  readonly client: WebSocket;
  readonly server: WebSocket;
  readonly raw: Socket;
}

async function webSockets(): Promise<Sockets> {
  const listener = new WebSocketServer({ host: "127.0.0.1", port: 0, maxPayload: maxMessageBytes });
  cleanups.push(() => new Promise((resolve) => listener.close(resolve)));
  await once(listener, "listening");
  const accepted = once(listener, "connection");
  const client = new WebSocket(`ws://127.0.0.1:${(listener.address() as AddressInfo).port}`, {
    perMessageDeflate: false,
  });
  const [[server, request]] = await Promise.all([accepted, once(client, "open")]);
  cleanups.push(() => {
    client.terminate();
    server.terminate();
  });
  return { client, server, raw: request.socket };
}

const links: readonly (readonly [name: string, make: () => Promise<Link>])[] = [
  [
    "memory",
    async () => {
      const link = pair({ defer: setImmediate });
      return { client: link.a, gateway: link.b, tellsCode: true, breakOff: () => link.cut() };
    },
  ],
  [
    "WebSocket",
    async () => {
      const { client, server, raw } = await webSockets();
      return {
        client: new WebSocketTransport(client as unknown as WebSocketLike),
        gateway: new WebSocketTransport(server as unknown as WebSocketLike, raw),
        tellsCode: true,
        breakOff: () => raw.destroy(),
      };
    },
  ],
  [
    "MessagePort",
    async () => {
      const { port1, port2 } = new MessageChannel();
      cleanups.push(() => port1.close());
      return {
        client: new MessagePortTransport(port1 as unknown as MessagePortLike),
        gateway: new MessagePortTransport(port2 as unknown as MessagePortLike),
        tellsCode: false,
        breakOff: () => port1.close(),
      };
    },
  ],
];

// Inbox collects what a link brings.
class Inbox implements Receiver {
  readonly messages: Uint8Array[] = [];
  drains = 0;
  closes: { code: number; reason: string }[] = [];
  #wake: (() => void)[] = [];

  onMessage(message: Uint8Array): void {
    this.messages.push(message);
    this.#woken();
  }
  onDrain(): void {
    this.drains++;
    this.#woken();
  }
  onClose(code: number, reason: string): void {
    this.closes.push({ code, reason });
    this.#woken();
  }
  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }
  #woken(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const w of wake) w();
  }
}

describe.each(links)("%s", (_, make) => {
  async function link() {
    const made = await make();
    const [client, gateway] = [new Inbox(), new Inbox()];
    made.client.receiver = client;
    made.gateway.receiver = gateway;
    return { ...made, inbox: { client, gateway } };
  }

  test("brings whole messages, in order, as plain Uint8Arrays, both ways", async () => {
    const { client, gateway, inbox } = await link();
    const random = new Random(testSeed("messages"));
    const sent = Array.from({ length: 50 }, () => random.bytes(1 + random.below(5000)));
    client.cork();
    for (const m of sent) {
      client.send(m);
      gateway.send(m.slice().reverse());
    }
    client.uncork();
    await inbox.gateway.until(() => inbox.gateway.messages.length === sent.length);
    await inbox.client.until(() => inbox.client.messages.length === sent.length);
    expect(inbox.gateway.messages.map(toHex)).toEqual(sent.map(toHex));
    expect(inbox.client.messages.map(toHex)).toEqual(sent.map((m) => toHex(m.slice().reverse())));
    for (const m of [...inbox.gateway.messages, ...inbox.client.messages])
      expect(Object.getPrototypeOf(m)).toBe(Uint8Array.prototype);
  });

  test("brings the largest message there is", async () => {
    const { client, inbox } = await link();
    const largest = new Uint8Array(maxMessageBytes).map((_, i) => i);
    client.send(largest);
    await inbox.gateway.until(() => inbox.gateway.messages.length === 1);
    expect(Buffer.compare(inbox.gateway.messages[0] as Uint8Array, largest)).toBe(0);
  });

  test("sends a view as what it shows, and leaves its memory alone", async () => {
    const { client, inbox } = await link();
    const memory = new Uint8Array(1000).map((_, i) => i);
    client.send(memory.subarray(10, 20));
    client.send(memory.subarray(20, 30));
    await inbox.gateway.until(() => inbox.gateway.messages.length === 2);
    expect(inbox.gateway.messages).toEqual([memory.slice(10, 20), memory.slice(20, 30)]);
    expect(inbox.gateway.messages[0]?.buffer.byteLength).toBeLessThanOrEqual(1000);
    expect(memory.byteLength).toBe(1000);
  });

  test("close comes after what was sent; the other side hears it once, this side nothing more", async () => {
    const { client, gateway, inbox, tellsCode } = await link();
    for (let i = 0; i < 20; i++) client.send(new Uint8Array(30_000).fill(i));
    client.close(4400, "malformed");
    client.close(4401, "again");
    client.send(new Uint8Array(1));
    await inbox.gateway.until(() => inbox.gateway.closes.length > 0);
    expect(inbox.gateway.messages.map((m) => m[0])).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(inbox.gateway.closes).toHaveLength(1);
    if (tellsCode) expect(inbox.gateway.closes).toEqual([{ code: 4400, reason: "malformed" }]);
    gateway.send(new Uint8Array(1));
    gateway.close(1000, "");
    await new Promise((resolve) => setImmediate(resolve));
    expect(inbox.client.messages).toEqual([]);
  });

  test.each([
    [1001, "x".repeat(1000)],
    [7, ""],
    [99_999, "\ud800"],
    [2 ** 40, "é".repeat(123)],
  ])("close with %i is not an error", async (code, reason) => {
    const { client, inbox } = await link();
    client.close(code, reason);
    await inbox.gateway.until(() => inbox.gateway.closes.length > 0);
    expect(inbox.gateway.closes).toHaveLength(1);
  });

  test("a link that breaks is heard at both ends, or at least at the other", async () => {
    const { inbox, breakOff, tellsCode } = await link();
    breakOff();
    await inbox.gateway.until(() => inbox.gateway.closes.length > 0);
    expect(inbox.gateway.closes).toHaveLength(1);
    // A port cannot break: its other end went away.
    expect(inbox.gateway.closes[0]?.code).toBe(tellsCode ? 1006 : 1001);
    if (tellsCode) await inbox.client.until(() => inbox.client.closes.length > 0);
  });

  test("one that copies has copied when send returns", async () => {
    const { client, inbox } = await link();
    const message = new Uint8Array(1000).fill(1);
    client.send(message);
    if (client.memory === "copied") message.fill(2);
    await inbox.gateway.until(() => inbox.gateway.messages.length > 0);
    expect(inbox.gateway.messages[0]).toEqual(new Uint8Array(1000).fill(1));
  });

  test("terminate ends it at once", async () => {
    const { client, inbox } = await link();
    client.terminate();
    await inbox.gateway.until(() => inbox.gateway.closes.length > 0);
    expect(inbox.gateway.closes).toHaveLength(1);
    client.send(new Uint8Array(1));
  });

  test("carries a session: 8 MiB both ways at once, then close", { timeout: 60_000 }, async () => {
    const made = await make();
    const total = 8 * 2 ** 20;
    const gateway = new Session({
      role: "gateway",
      handler: {
        // Sends back what it gets.
        open(stream) {
          stream.opened([]);
          void (async () => {
            const b = new Uint8Array(200_000);
            for (let n = await stream.read(b, never); n > 0; n = await stream.read(b, never)) {
              await stream.write(b.subarray(0, n), never);
            }
            stream.fin();
            stream.onReadable = () => stream.peerClosed && stream.close();
          })();
        },
        call: () => [],
      },
    });
    const client = new Session({ role: "client" });
    gateway.attach(made.gateway);
    client.attach(made.client);
    const opening = client.open("echo", []);
    await opening.answer;
    const { stream } = opening;
    const random = new Random(testSeed("echo"));
    const sent = random.bytes(total);
    const writing = (async () => {
      for (let at = 0; at < total; ) {
        const n = 1 + random.below(300_000);
        at += await stream.write(sent.subarray(at, at + n), never);
      }
      stream.fin();
    })();
    const got = Buffer.alloc(total);
    let n = 0;
    for (let k = -1; k !== 0; n += k) k = await stream.read(got.subarray(n, n + 150_000), never);
    await writing;
    expect(n).toBe(total);
    expect(Buffer.compare(got, sent)).toBe(0);
    const over = new Promise<void>((resolve) => {
      const check = () => (gateway.state === "over" ? resolve() : setImmediate(check));
      check();
    });
    client.close();
    await over;
    expect(gateway.reason?.code).toBe(closeCode.goodbye);
  });

  test("a link that breaks ends the session at both ends", async () => {
    const made = await make();
    const ended: string[] = [];
    let bothOver = () => {};
    const over = new Promise<void>((resolve) => {
      bothOver = resolve;
    });
    const note = (session: Session) => ended.push(session.role) === 2 && bothOver();
    const gateway = new Session({ role: "gateway", handler: { open() {}, call: () => [] }, onOver: note });
    const client = new Session({ role: "client", onOver: note });
    gateway.attach(made.gateway);
    client.attach(made.client);
    await client.call("x", []);
    const opening = client.open("pending", []);
    made.breakOff();
    await expect(opening.answer).rejects.toMatchObject({ name: "SessionError" });
    await over;
    expect(ended.sort()).toEqual(["client", "gateway"]);
  });
});

describe("WebSocket", () => {
  test.each(["server", "client"] as const)("a text message to the %s ends the link with 1003", async (to) => {
    const sockets = await webSockets();
    const from = to === "server" ? sockets.client : sockets.server;
    const inbox = new Inbox();
    const transport = new WebSocketTransport(sockets[to] as unknown as WebSocketLike);
    transport.receiver = inbox;
    const closed = once(from, "close");
    from.send("HELLO");
    expect((await closed)[0]).toBe(closeCode.text);
    await inbox.until(() => inbox.closes.length > 0);
    expect(inbox.closes).toEqual([{ code: closeCode.text, reason: "text message" }]);
    expect(inbox.messages).toEqual([]);
  });

  test("a message over the limit ends the link with 1009", async () => {
    const { client, server } = await webSockets();
    const inbox = new Inbox();
    new WebSocketTransport(server as unknown as WebSocketLike).receiver = inbox;
    const closed = once(client, "close");
    client.send(new Uint8Array(maxMessageBytes + 1));
    await inbox.until(() => inbox.closes.length > 0);
    const [code] = await closed;
    expect(code).toBe(closeCode.tooBig);
    expect(inbox.messages).toEqual([]);
  });

  test("tells how much waits, and when it went down", async () => {
    const { client, server, raw } = await webSockets();
    const inbox = new Inbox();
    const transport = new WebSocketTransport(server as unknown as WebSocketLike, raw);
    transport.receiver = inbox;
    expect(transport.bufferedBytes()).toBe(0);
    client.pause();
    transport.cork();
    for (let i = 0; i < 64; i++) transport.send(new Uint8Array(200_000));
    expect(transport.bufferedBytes()).toBeGreaterThan(12_000_000);
    transport.uncork();
    client.resume();
    await inbox.until(() => inbox.drains > 0);
    expect(transport.bufferedBytes()).toBeLessThan(1_000_000);
  });

  test("a peer that reads nothing: no more than the link's buffer waits, and it goes on when it reads", async () => {
    const { client, server, raw } = await webSockets();
    const gateway = new Session({
      role: "gateway",
      limits: { streamWindow: 16 * 2 ** 20, sessionWindow: 64 * 2 ** 20, replayBytes: 64 * 2 ** 20 },
      handler: {
        open(stream) {
          stream.opened([]);
          void stream.write(new Uint8Array(12 * 2 ** 20), never).then(() => stream.fin());
        },
        call: () => [],
      },
    });
    gateway.attach(new WebSocketTransport(server as unknown as WebSocketLike, raw));
    const session = new Session({ role: "client" });
    session.attach(new WebSocketTransport(client as unknown as WebSocketLike));
    const { stream, answer } = session.open("down", []);
    client.pause();
    let most = 0;
    for (let i = 0; i < 200; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, server.bufferedAmount);
    }
    expect(most).toBeLessThan(gateway.limits.linkBuffer + 2 * maxMessageBytes);
    client.resume();
    await answer;
    const b = new Uint8Array(1_000_000);
    let total = 0;
    for (let n = -1; n !== 0; total += n) n = await stream.read(b, never);
    expect(total).toBe(12 * 2 ** 20);
    session.close();
  });
});

describe("MessagePort", () => {
  test.each<readonly [name: string, message: unknown]>([
    ["text", "HELLO"],
    ["an object", { data: new Uint8Array(1) }],
    ["an ArrayBuffer", new ArrayBuffer(3)],
    ["another view", new Uint16Array(3)],
    ["null", null],
    ["shared memory", new Uint8Array(new SharedArrayBuffer(3))],
  ])("%s ends the link", async (_, message) => {
    const { port1, port2 } = new MessageChannel();
    cleanups.push(() => port1.close());
    const inbox = new Inbox();
    new MessagePortTransport(port2 as unknown as MessagePortLike).receiver = inbox;
    port1.postMessage(message);
    await inbox.until(() => inbox.closes.length > 0);
    expect(inbox.closes).toHaveLength(1);
    expect(inbox.messages).toEqual([]);
  });

  test("a message of 100 MB ends the session and nothing else", async () => {
    const { port1, port2 } = new MessageChannel();
    cleanups.push(() => port1.close());
    const over = new Promise<number>((resolve) => {
      const session = new Session({
        role: "gateway",
        handler: { open() {}, call: () => [] },
        onOver: (_, reason) => resolve(reason.code),
      });
      session.attach(new MessagePortTransport(port2 as unknown as MessagePortLike));
    });
    port1.postMessage(new Uint8Array(100_000_000));
    expect(await over).toBe(closeCode.protocol);
  });
});
