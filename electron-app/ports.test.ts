// The gateway's side of the app over real ports of Node: what a page may do with its port, and what becomes of its sockets.

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { MessagePort } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Sessions } from "../gateway/sessions.js";
import { liveSockets } from "../native/index.js";
import { connect, connectOver, type Net } from "../src/connect.js";
import { type MessagePortLike, MessagePortTransport } from "../src/wire/messageport.js";
import { Ports } from "./ports.js";
import { channel, closed } from "./testing/doubles.js";

const leaveMs = 100;
let sessions: Sessions;
let ports: Ports;
let server: ReturnType<typeof createServer>;
let accepted: Socket[];
let address: string;

beforeEach(async () => {
  sessions = new Sessions({ limits: { leaveMs } });
  ports = new Ports(sessions);
  accepted = [];
  server = createServer((socket) => {
    accepted.push(socket);
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  await sessions.close();
  for (const socket of accepted) socket.destroy();
  await new Promise((done) => server.close(done));
  expect(ports.size).toBe(0);
  expect(liveSockets()).toBe(0);
});

/** portOf gives a page of window its end of a port. */
function portOf(window: number): MessagePort {
  const { page, gateway } = channel();
  expect(ports.handle({ type: "serve", window }, [gateway])).toBe(true);
  return page;
}

const pageOf = (window: number): Promise<Net> => connect(portOf(window) as unknown as MessagePortLike);

async function echo(net: Net, text = "hello"): Promise<string> {
  const c = await net.Dial("tcp", address);
  await c.Write(new TextEncoder().encode(text));
  const b = new Uint8Array(text.length);
  await net.io.ReadFull(c, b);
  await c.Close();
  return new TextDecoder().decode(b);
}

test("a page dials over its port", async () => {
  const net = await pageOf(1);
  expect(await echo(net)).toBe("hello");
  await net.session.close();
});

test("E12: a page that is left loses its sockets, and no other page does", async () => {
  const [left, other] = [await pageOf(1), await pageOf(2)];
  const c = await left.Dial("tcp", address);
  const kept = await other.Dial("tcp", address);
  expect(ports.size).toBe(2);
  while (accepted.length < 2) await once(server, "connection");
  const ended = once(accepted[0] as Socket, "close");
  ports.handle({ type: "leave", window: 1 }, []);
  await ended;
  expect(ports.size).toBe(1);
  expect(sessions.size).toBe(1);
  await expect(c.Read(new Uint8Array(1))).rejects.toThrow("connection reset by peer");
  await kept.Write(new TextEncoder().encode("x"));
  expect(await kept.Read(new Uint8Array(1))).toBe(1);
  expect(await echo(await pageOf(1))).toBe("hello");
});

test("E12: a port that just closes is a page that is gone", async () => {
  const page = portOf(1);
  const net = await connect(page as unknown as MessagePortLike);
  await net.Dial("tcp", address);
  while (accepted.length < 1) await once(server, "connection");
  const ended = once(accepted[0] as Socket, "close");
  page.close();
  await ended;
  expect(ports.size).toBe(0);
});

test("E10: a session is not taken up from another window, even with its key", async () => {
  const opened: MessagePort[] = [];
  let window = 1;
  const open = async () => {
    const page = portOf(window);
    opened.push(page);
    return new MessagePortTransport(page as unknown as MessagePortLike);
  };
  const net = await connectOver(Object.assign(open, { resumes: true, redialMs: [0] }));
  const c = await net.Dial("tcp", address);
  // The same window, over another port: the connection does not notice.
  opened[0]?.close();
  await c.Write(new TextEncoder().encode("still here"));
  await net.io.ReadFull(c, new Uint8Array(10));
  expect(opened.length).toBe(2);
  // What window 2 sends is exactly what window 1 would have sent.
  window = 2;
  opened[1]?.close();
  await expect(c.Read(new Uint8Array(1))).rejects.toThrow("connection reset by peer");
  expect(net.session.status).toMatchObject({
    state: "lost",
    reason: expect.stringContaining("another user"),
  });
});

describe("E09: a page that sends anything", () => {
  test.each<[string, (port: MessagePort) => void]>([
    ["text", (port) => port.postMessage("HELLO")],
    ["an object", (port) => port.postMessage({ type: "serve", window: 2 })],
    ["an array of frames", (port) => port.postMessage([1, [], null])],
    ["null", (port) => port.postMessage(null)],
    ["bytes that are no frame", (port) => port.postMessage(new Uint8Array([0xc1, 0xff, 0x00]))],
    ["a frame cut short", (port) => port.postMessage(new Uint8Array([0x97, 0x01]))],
    ["100 MB at once", (port) => port.postMessage(new Uint8Array(100 << 20))],
    ["shared memory", (port) => port.postMessage(new Uint8Array(new SharedArrayBuffer(16)))],
    ["a buffer instead of bytes", (port) => port.postMessage(new ArrayBuffer(16))],
    [
      "a port",
      (port) => {
        const { page } = channel();
        port.postMessage(page, [page]);
      },
    ],
    [
      "100,000 messages",
      (port) => {
        for (let i = 0; i < 100_000; i++) port.postMessage(new Uint8Array([0xc0]));
      },
    ],
  ])("%s: that port is closed, other windows are fine", async (_, send) => {
    const other = await pageOf(2);
    const hostile = portOf(1);
    const ended = closed(hostile);
    hostile.on("message", () => {}); // what the gateway says first is of no interest
    send(hostile);
    await ended;
    expect(await echo(other)).toBe("hello");
    expect(sessions.size).toBe(1);
  });

  test("a window has at most 8 ports, and another one when one was closed", async () => {
    const open = Array.from({ length: 8 }, () => portOf(1));
    const ninth = portOf(1);
    await closed(ninth);
    expect(ports.size).toBe(8);
    expect(await echo(await pageOf(2))).toBe("hello");
    const gone = new Promise<void>((resolve) => {
      const check = (): void => void (ports.size === 8 ? resolve() : setImmediate(check));
      check();
    });
    open[0]?.close();
    await gone;
    expect(await echo(await pageOf(1))).toBe("hello");
  });

  test("messages to the process that are none of the main process's are nothing", () => {
    const { page, gateway } = channel();
    for (const message of [
      null,
      "serve",
      {},
      { type: "serve" },
      { type: "serve", window: 1.5 },
      { type: "x" },
    ]) {
      expect(ports.handle(message, [gateway])).toBe(true);
    }
    expect(ports.handle({ type: "serve", window: 1 }, [])).toBe(true);
    expect(ports.size).toBe(0);
    expect(ports.handle({ type: "stop" }, [])).toBe(false);
    page.close();
  });
});
