// The desktop app's way over real ports of Node, with doubles of the window and of what the preload script puts on it.

import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Sessions } from "../gateway/sessions.js";
import { connectOver } from "./connect.js";
import { type GonetHost, type HostAnswer, hostOf, overHost } from "./host.js";
import { type MessagePortLike, MessagePortTransport } from "./wire/messageport.js";

type Listener = (event: { source: unknown; data: unknown; ports: readonly unknown[] }) => void;

/** DoubleWindow is a double of a page's window: messages to it, and who listens. */
class DoubleWindow {
  readonly listeners = new Set<Listener>();
  addEventListener(_: string, listener: Listener): void {
    this.listeners.add(listener);
  }
  removeEventListener(_: string, listener: Listener): void {
    this.listeners.delete(listener);
  }
  post(data: unknown, ports: readonly unknown[], source: unknown = this): void {
    for (const listener of [...this.listeners]) listener({ source, data, ports });
  }
}

const caller = { remoteAddress: "", origin: null, principal: "window 1" };

/** DoubleHost is a double of gonetHost with a real gateway behind it, whose process can end. */
class DoubleHost implements GonetHost {
  readonly window = new DoubleWindow();
  generation = 1;
  sessions = new Sessions();
  readonly asked: (number | null)[] = [];
  /** ports are the ends that the process has. */
  readonly ports: MessagePort[] = [];
  onOpen: ((ticket: string) => Promise<HostAnswer> | null) | null = null;

  async open(ticket: string, generation: number | null): Promise<HostAnswer> {
    this.asked.push(generation);
    const other = this.onOpen?.(ticket);
    if (other) return other;
    if (generation !== null && generation !== this.generation)
      return { refused: "gone", message: "it ended" };
    this.hand(ticket);
    return { generation: this.generation };
  }

  hand(ticket: string): void {
    const { port1, port2 } = new MessageChannel();
    this.ports.push(port2);
    this.sessions.serve(new MessagePortTransport(port2 as unknown as MessagePortLike), caller);
    this.window.post({ type: "gonet-port", ticket }, [port1]);
  }

  /** crash ends the process as a kill does: nothing is said. */
  async crash(): Promise<void> {
    const old = this.sessions;
    this.generation++;
    this.sessions = new Sessions();
    for (const port of this.ports.splice(0)) port.close();
    await old.close();
  }
}

let host: DoubleHost;
let address: string;
let server: ReturnType<typeof createServer>;
const over = () => overHost(host, host.window as unknown as Window);

beforeEach(async () => {
  host = new DoubleHost();
  server = createServer((socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await host.sessions.close();
  await new Promise((done) => server.close(done));
  expect(host.window.listeners.size).toBe(0);
});

test("the port comes as a message to the window, and sockets over it", async () => {
  const net = await connectOver(over());
  const c = await net.Dial("tcp", address);
  await c.Write(new TextEncoder().encode("hi"));
  const b = new Uint8Array(2);
  await net.io.ReadFull(c, b);
  expect(new TextDecoder().decode(b)).toBe("hi");
  expect(host.asked).toEqual([null]);
  await c.Close();
  await net.session.close();
});

test("a lost port is replaced by another to the same process, and connections go on", async () => {
  const net = await connectOver(over());
  const c = await net.Dial("tcp", address);
  host.ports[0]?.close();
  await c.Write(new TextEncoder().encode("still here"));
  await net.io.ReadFull(c, new Uint8Array(10));
  expect(host.asked).toEqual([null, 1]);
  await c.Close();
  await net.session.close();
});

test("E11: when the process ended every socket errs at once, and the next session is with the new one", async () => {
  const net = await connectOver(over());
  const c = await net.Dial("tcp", address);
  const reading = c.Read(new Uint8Array(1));
  await host.crash();
  await expect(reading).rejects.toMatchObject({
    message: expect.stringMatching(/: connection reset by peer$/),
  });
  expect(net.session.status).toMatchObject({ state: "lost", reason: expect.stringContaining("it ended") });
  await (await net.Dial("tcp", address)).Close();
  expect(host.asked).toEqual([null, 1, null]);
  await net.session.close();
});

test("E11: it is enough that the app says so: not every port tells that its other end is gone", async () => {
  const net = await connectOver(over());
  const c = await net.Dial("tcp", address);
  const reading = c.Read(new Uint8Array(1));
  let isOver = false;
  reading.catch(() => {
    isOver = true;
  });
  host.generation = 2;
  host.window.post({ type: "gonet-gone", generation: 2 }, []);
  host.window.post({ type: "gonet-gone", generation: 1 }, [], {});
  host.window.post({ type: "gonet-gone" }, []);
  await new Promise((done) => setImmediate(done));
  expect(isOver).toBe(false);
  host.window.post({ type: "gonet-gone", generation: 1 }, []);
  await expect(reading).rejects.toThrow("connection reset by peer");
  expect(net.session.status.state).toBe("lost");
});

describe("what does not bring a port", () => {
  test("a refusal says why", async () => {
    host.onOpen = async () => ({ refused: "failed", message: "the native addon is missing" });
    await expect(connectOver(over())).rejects.toMatchObject({
      message: "gonet: the native addon is missing",
      code: "GONET_UNREACHABLE",
      reason: "failed",
    });
  });

  test("messages of other windows, with other tickets or without a port are passed over", async () => {
    host.onOpen = (ticket) => {
      const { port1 } = new MessageChannel();
      const right = { type: "gonet-port", ticket };
      host.window.post(right, [port1], {});
      host.window.post({ ...right, ticket: "another" }, [port1]);
      host.window.post({ ticket }, [port1]);
      host.window.post(right, []);
      host.window.post(null, [port1]);
      port1.close();
      return null;
    };
    const net = await connectOver(over());
    expect(net.session.status.state).toBe("attached");
    await net.session.close();
  });

  test("an attempt that is aborted waits no longer, before the answer or between it and the port", async () => {
    for (const answer of [() => new Promise<never>(() => {}), async () => ({ generation: 1 })]) {
      host.onOpen = answer;
      const stop = new AbortController();
      const connecting = connectOver(over(), stop.signal);
      await new Promise((done) => setImmediate(done));
      stop.abort(new Error("no more"));
      await expect(connecting).rejects.toThrow("no more");
    }
  });

  test("a host that fails", async () => {
    host.onOpen = () => Promise.reject(new Error("refused"));
    await expect(connectOver(over())).rejects.toThrow("refused");
  });
});

test("hostOf finds what the app put on the window, and nothing that merely has the name", () => {
  expect(hostOf({ gonetHost: host })).toBe(host);
  for (const other of [
    {},
    { gonetHost: null },
    { gonetHost: "x" },
    { gonetHost: {} },
    { gonetHost: { open: 1 } },
  ]) {
    expect(hostOf(other)).toBeNull();
  }
});
