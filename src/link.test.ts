import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, type ServeOptions, serve } from "../gateway/index.js";
import { connectOver, type Net } from "./connect.js";
import type { SessionStatus } from "./link.js";
import { configure, connect, Dial, session } from "./node.js";
import { GatewayError } from "./opentransport.js";
import { failure } from "./testing/anatomy.js";
import { overMemory } from "./testing/gateways.js";
import { PlainServer } from "./testing/plainpeer.js";
import { pair } from "./wire/pair.js";

/** refusal is what an attempt to connect fails with. */
async function refusal(attempt: Promise<Net>): Promise<GatewayError> {
  const err: unknown = await attempt.then(
    () => null,
    (e: unknown) => e,
  );
  expect(err).toBeInstanceOf(GatewayError);
  return err as GatewayError;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

describe("a gateway that refuses", () => {
  const gateways: Gateway[] = [];
  const start = async (options: ServeOptions = {}): Promise<Gateway> => {
    const gateway = await serve({ webRoot: null, ...options });
    gateways.push(gateway);
    return gateway;
  };
  afterAll(() => Promise.all(gateways.map((gateway) => gateway.close())));

  it("names a wrong token", async () => {
    const { url } = await start();
    expect(await refusal(connect(url, { token: "wrong" }))).toMatchObject({
      code: "GONET_AUTH",
      reason: "token",
      message: "gonet: the gateway refused the connection: the token is not valid",
    });
  });

  it("names a missing token", async () => {
    const { url } = await start();
    expect(await refusal(connect(url))).toMatchObject({
      code: "GONET_AUTH",
      reason: "token",
      message: "gonet: the gateway refused the connection: a token is needed",
    });
  });

  it("names the origin, if it wants one", async () => {
    const { url, token } = await start({ requireOrigin: true });
    expect(await refusal(connect(url, { token }))).toMatchObject({ code: "GONET_AUTH", reason: "origin" });
  });

  it("names its limit of sessions", async () => {
    const { url, token } = await start({ maxSessions: 1 });
    await using first = await connect(url, { token });
    expect(first.session.status.state).toBe("attached");
    expect(await refusal(connect(url, { token }))).toMatchObject({ code: "GONET_AUTH", reason: "limit" });
  });

  it("takes a token of any characters, and http for ws", async () => {
    const token = "a+token/with=~._-";
    const { origin } = await start({ token: token.replace("=", "") });
    await using net = await connect(new URL(origin), { token: token.replace("=", "") });
    expect(net.session.status).toMatchObject({ state: "attached", reason: "" });
  });
});

describe("a gateway that is not there", () => {
  it("is unreachable: nobody listens", async () => {
    const server = createServer();
    const port = await listening(server);
    await new Promise((done) => server.close(done));
    const err = await refusal(connect(`ws://127.0.0.1:${port}`, { token: "any" }));
    expect(err).toMatchObject({
      code: "GONET_UNREACHABLE",
      reason: "unreachable",
      message: `gonet: the gateway at 127.0.0.1:${port} cannot be reached`,
    });
  });

  it("is unreachable: something else listens", async () => {
    const server = createServer((socket) => socket.end("SSH-2.0-nobody\r\n").on("error", () => {}));
    const port = await listening(server);
    expect((await refusal(connect(`ws://127.0.0.1:${port}`))).reason).toBe("unreachable");
    server.close();
  });

  it("does not hold up who gives up: before the handshake, and before the welcome", async () => {
    const server = createServer((socket) => socket.on("error", () => {}));
    const port = await listening(server);
    const reason = new Error("given up");
    const stop = new AbortController();
    const attempt = connect(`ws://127.0.0.1:${port}`, { signal: stop.signal });
    await once(server, "connection");
    stop.abort(reason);
    await expect(attempt).rejects.toBe(reason);
    await expect(connect(`ws://127.0.0.1:${port}`, { signal: stop.signal })).rejects.toBe(reason);
    server.close();

    const silent = new AbortController();
    const { a } = pair(); // nobody is at the other end
    const greeting = connectOver(async () => a, silent.signal);
    setTimeout(() => silent.abort(reason), 10);
    await expect(greeting).rejects.toBe(reason);
  });

  it("refuses what is no URL of a gateway at once", async () => {
    await expect(connect("ftp://127.0.0.1")).rejects.toThrow(TypeError);
    await expect(connect("not a URL")).rejects.toThrow(TypeError);
  });
});

describe("the session", () => {
  it("tells those who watch it how it goes, until they have seen enough", async () => {
    const at = await overMemory();
    const seen: SessionStatus[] = [];
    const stop = at.net.session.watch((status) => seen.push(status));
    await at.sessions.close();
    await expect.poll(() => at.net.session.status.state).toBe("lost");
    expect(seen.map(({ state }) => state)).toEqual(["lost"]);
    expect(seen[0]?.reason).toMatch(/gateway closed/);
    stop();
    await at.close();
    expect(seen).toHaveLength(1);
  });

  it("is made anew by the next operation after it was lost", async () => {
    const gateway = await serve({ webRoot: null });
    await using server = await PlainServer.listen();
    const net = await connect(gateway.url, { token: gateway.token });
    const states: string[] = [];
    net.session.watch(({ state }) => states.push(state));
    const lost = new Promise<void>((resolve) =>
      net.session.watch(({ state }) => state === "lost" && resolve()),
    );
    const port = Number(new URL(gateway.url).port);
    await gateway.close();
    await lost;

    // While there is no gateway, the network is down.
    const down = await failure(net.Dial("tcp", server.address));
    expect(down.message).toBe(`dial tcp ${server.address}: connect: network is down`);
    expect(down.cause).toMatchObject({ code: "GONET_UNREACHABLE" });
    expect((await failure(net.Listen("tcp", "127.0.0.1:0"))).message).toBe(
      "listen tcp 127.0.0.1:0: connect: network is down",
    );

    const again = await serve({ webRoot: null, port, token: gateway.token });
    const [c, d] = await Promise.all([net.Dial("tcp", server.address), net.Dial("tcp", server.address)]);
    expect(states.filter((state) => state === "attached")).toHaveLength(1);
    await c.Close();
    await d.Close();
    await net.session.close();
    await again.close();
  });

  it("says why, if the token is no longer good", async () => {
    const gateway = await serve({ webRoot: null });
    const net = await connect(gateway.url, { token: gateway.token });
    const lost = new Promise<void>((resolve) =>
      net.session.watch(({ state }) => state === "lost" && resolve()),
    );
    const port = Number(new URL(gateway.url).port);
    await gateway.close();
    await lost;
    const other = await serve({ webRoot: null, port });
    const err = await failure(net.Dial("tcp", "127.0.0.1:1"));
    expect(err.message).toBe("dial tcp 127.0.0.1:1: connect: network is down");
    expect(err.cause).toEqual({
      code: "GONET_AUTH",
      reason: "gonet: the gateway refused the connection: the token is not valid",
    });
    await other.close();
  });

  it("is idle again when nobody used it for a long time, and opened by the next operation", async () => {
    const gateway = await serve({ webRoot: null, limits: { idleMs: 200 } });
    const net = await connect(gateway.url, { token: gateway.token });
    const states: SessionStatus["state"][] = [];
    await new Promise<void>((resolve) => {
      net.session.watch(({ state }) => {
        states.push(state);
        if (state === "idle") {
          resolve();
        }
      });
    });
    expect(states).toEqual(["idle"]);
    const listener = await net.Listen("tcp", "127.0.0.1:0");
    expect(net.session.status.state).toBe("attached");
    await listener.Close();
    await net.session.close();
    await gateway.close();
  });

  it("does not come back after it was closed, and closing ends an attempt to connect", async () => {
    const at = await overMemory();
    await at.net.session.close();
    const err = await failure(at.net.Dial("tcp", "127.0.0.1:1"));
    expect(err.cause).toMatchObject({ reason: "gonet: this client was closed" });
    await at.close();
  });

  it("ends with `await using`", async () => {
    const gateway = await serve({ webRoot: null });
    let inside: Net;
    {
      await using net = await connect(gateway.url, { token: gateway.token });
      inside = net;
    }
    expect((await failure(inside.Dial("tcp", "127.0.0.1:1"))).message).toMatch(/network is down$/);
    await gateway.close();
  });

  it("is not ended by a watcher that throws", async () => {
    const uncaught = once(process, "uncaughtException") as Promise<[Error]>;
    const listeners = process.listeners("uncaughtException");
    for (const listener of listeners.slice(0, -1)) process.off("uncaughtException", listener);
    const at = await overMemory();
    const seen: string[] = [];
    at.net.session.watch(() => {
      throw new Error("careless");
    });
    at.net.session.watch(({ state }) => seen.push(state));
    await at.net.session.close();
    expect(seen).toEqual(["lost"]);
    expect((await uncaught)[0].message).toBe("careless");
    for (const listener of listeners.slice(0, -1)) process.on("uncaughtException", listener);
    await at.close();
  });
});

describe("the default gateway", () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await serve({ webRoot: null });
  });
  afterAll(() => gateway.close());

  it("has to be named where there is no page, and is opened when it is first needed", async () => {
    const err = await failure(Dial("tcp", "127.0.0.1:1"));
    expect(err.cause).toMatchObject({ reason: "gonet: no gateway: call configure({ url, token }) first" });
    await using server = await PlainServer.listen();
    configure({ url: gateway.url, token: gateway.token });
    const c = await Dial("tcp", server.address);
    expect(c.RemoteAddr()?.String()).toBe(server.address);
    await c.Close();
    expect(session.status.state).toBe("attached");
    await session.close();
  });
});
