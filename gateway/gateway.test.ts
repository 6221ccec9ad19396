import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { ConfigError, checkOptions, type Gateway, type GatewayOptions, openGateway } from "./gateway.js";
import { serve } from "./index.js";
import { DoorDouble } from "./testing/doordouble.js";
import { exchange, handshake, header, opened, requestText } from "./testing/rawclient.js";

const token = "a-token-for-these-tests-0123456789";
const gateways: Gateway[] = [];
const servers: Server[] = [];

afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function start(
  options: GatewayOptions = {},
  door = new DoorDouble(),
): Promise<{ gateway: Gateway; port: number }> {
  const gateway = await openGateway({ token, webRoot: null, ...options }, door);
  gateways.push(gateway);
  return { gateway, port: Number(new URL(gateway.origin).port) };
}

const status = async (port: number, host: string, origin?: string) =>
  (await exchange(port, handshake({ host, token, ...(origin === undefined ? {} : { origin }) }))).status;

describe("what a gateway says of itself", () => {
  test("url, origin, the page to open, the token", async () => {
    const { gateway, port } = await start();
    expect(gateway).toMatchObject({
      url: `ws://127.0.0.1:${port}/gonet/v1/ws`,
      origin: `http://127.0.0.1:${port}`,
      openURL: `http://127.0.0.1:${port}/#token=${token}`,
      token,
    });
  });

  test("makes a new token each time, if it is given none", async () => {
    const made = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const gateway = await openGateway({ webRoot: null }, new DoorDouble());
      gateways.push(gateway);
      made.add(gateway.token);
      expect(Buffer.from(gateway.token, "base64url").length).toBe(32);
    }
    expect(made.size).toBe(3);
  });

  test("on IPv6 loopback its address stands in brackets", async () => {
    const { gateway, port } = await start({ host: "::1" });
    expect(gateway.origin).toBe(`http://[::1]:${port}`);
  });

  test("a token with reserved characters survives the fragment", async () => {
    const { gateway } = await start({ token: "a+b/c==" });
    expect(new URLSearchParams(new URL(gateway.openURL).hash.slice(1)).get("token")).toBe("a+b/c==");
  });
});

describe("names and origins", () => {
  test("a named host is answered with and without the port, and its pages may come", async () => {
    const { port } = await start({ hosts: ["gw.example", "other.example:9"] });
    expect(await status(port, "gw.example")).toBe(101);
    expect(await status(port, `gw.example:${port}`, `http://gw.example:${port}`)).toBe(101);
    expect(await status(port, "other.example:9", "http://other.example:9")).toBe(101);
    expect(await status(port, "gw.example:1")).toBe(421);
    expect(await status(port, "other.example")).toBe(421);
    expect(await status(port, "gw.example", "https://gw.example")).toBe(403);
  });

  test("behind a proxy the named host's pages come by https", async () => {
    const { port } = await start({ hosts: ["gw.example"], trustedProxies: ["127.0.0.1"] });
    expect(await status(port, "gw.example", "https://gw.example")).toBe(101);
    expect(await status(port, "gw.example", `http://gw.example:${port}`)).toBe(403);
  });

  test("on all addresses it is shown under its name", async () => {
    const options = { host: "0.0.0.0", hosts: ["gw.example"] };
    const insecure = await openGateway(
      { token, webRoot: null, ...options, insecurePlainHTTP: true },
      new DoorDouble(),
    );
    gateways.push(insecure);
    expect(insecure.origin).toMatch(/^http:\/\/gw\.example:\d+$/);
    const proxied = await openGateway(
      { token, webRoot: null, ...options, trustedProxies: ["127.0.0.1"] },
      new DoorDouble(),
    );
    gateways.push(proxied);
    expect(proxied.url).toBe("wss://gw.example/gonet/v1/ws");
  });
});

describe("what is refused as wrong or unsafe", () => {
  const cases: [GatewayOptions, RegExp][] = [
    [{ host: "0.0.0.0" }, /^listen: .*trusted-proxy.*insecure-plain-http/],
    [{ host: "192.0.2.1" }, /^listen: .*trusted-proxy/],
    [{ host: "::" }, /^listen: .*trusted-proxy/],
    [{ host: "0.0.0.0", insecurePlainHTTP: true }, /^listen: .*host-name/],
    [{ host: "::", trustedProxies: ["10.0.0.1"] }, /^listen: .*host-name/],
    [{ host: "192.0.2.1", insecurePlainHTTP: true, token: "short" }, /^token: .*at least 22/],
    [{ host: "gw.example" }, /^listen: .*host-name/],
    [{ host: "127.1" }, /^listen: /],
    [{ token: "" }, /^token: /],
    [{ token: "white space" }, /^token: /],
    [{ token: "ümlaut" }, /^token: /],
    [{ token: "a".repeat(4097) }, /^token: /],
    ...[
      "null",
      "*",
      "https://*.example",
      "https://app.example/",
      "https://App.example",
      "app.example",
      "",
    ].map((origin): [GatewayOptions, RegExp] => [{ origins: [origin] }, /^origin: /]),
    ...["https://app.example:443", "http://0x7f.1", "https://a@b.example", "https://app.example?"].map(
      (origin): [GatewayOptions, RegExp] => [{ origins: [origin] }, /^origin: /],
    ),
    ...["", "*", "a/b", "a b", "0x7f.1", "http://gw.example", "a:b", "user@gw.example"].map(
      (name): [GatewayOptions, RegExp] => [{ hosts: [name] }, /^host-name: /],
    ),
    ...["", "gw.example", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "::/129", "10.0.0.0/-1"].map(
      (proxy): [GatewayOptions, RegExp] => [{ trustedProxies: [proxy] }, /^trusted-proxy: /],
    ),
  ];
  test.each(cases)("%j", (options, message) => {
    const check = () => checkOptions(options);
    expect(check).toThrow(ConfigError);
    expect(check).toThrow(message);
  });

  test("and what is not", () => {
    const right: GatewayOptions[] = [
      {},
      { host: "localhost" },
      { host: "127.0.0.2", hosts: ["gw.example", "GW.example:8443", "[::1]:80", "10.0.0.1"] },
      { host: "0.0.0.0", hosts: ["gw.example"], trustedProxies: ["10.0.0.0/8", "::1"] },
      { host: "192.0.2.1", insecurePlainHTTP: true },
      {
        origins: [
          "https://app.example",
          "http://127.0.0.1:3000",
          "app://bundle",
          "chrome-extension://abcdef",
        ],
      },
    ];
    for (const options of right) expect(() => checkOptions(options)).not.toThrow();
  });

  test("nothing listens after a refusal", async () => {
    await expect(openGateway({ host: "0.0.0.0" }, new DoorDouble())).rejects.toThrow(ConfigError);
  });

  test("a port that is taken rejects with the error of the system call", async () => {
    const { port } = await start();
    await expect(openGateway({ port, webRoot: null }, new DoorDouble())).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });
});

describe("on a server that is there already", () => {
  async function app(): Promise<{ server: Server; port: number }> {
    const server = createServer((request, response) => response.end(`app ${request.url}`));
    servers.push(server);
    server.on("upgrade", (_, socket) => socket.end("HTTP/1.1 418 app\r\nConnection: close\r\n\r\n"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return { server, port: (server.address() as AddressInfo).port };
  }
  const get = (port: number, path: string) =>
    exchange(port, requestText("GET", path, [["Host", `127.0.0.1:${port}`]]));

  test("it answers below /gonet/ and leaves the rest to who was there", async () => {
    const { server, port } = await app();
    const gateway = await openGateway({ token, server }, new DoorDouble());
    gateways.push(gateway);
    expect(gateway.url).toBe(`ws://127.0.0.1:${port}/gonet/v1/ws`);
    expect(await status(port, `127.0.0.1:${port}`)).toBe(101);
    expect((await get(port, "/gonet/v1/check")).status).toBe(401);
    expect((await get(port, "/page")).body).toBe("app /page");
    expect((await exchange(port, handshake({ host: `127.0.0.1:${port}`, path: "/other" }))).status).toBe(418);
  });

  test("closing gives everything back and leaves the server open", async () => {
    const { server, port } = await app();
    const gateway = await openGateway({ token, server }, new DoorDouble());
    await gateway.close();
    expect((await get(port, "/gonet/v1/check")).body).toBe("app /gonet/v1/check");
    expect(await status(port, `127.0.0.1:${port}`)).toBe(418);
    expect(server.listening).toBe(true);
    expect(server.listenerCount("request")).toBe(1);
    expect(server.listenerCount("upgrade")).toBe(1);
    expect(server.listenerCount("connect")).toBe(0);
  });

  test("a server that does not listen is refused", async () => {
    await expect(openGateway({ server: createServer() }, new DoorDouble())).rejects.toThrow(/^server: /);
  });
});

describe("close", () => {
  test("ends the sessions, frees the port, and can be called twice", async () => {
    const { gateway, port } = await start();
    const socket = await opened(port, handshake({ host: `127.0.0.1:${port}`, token }));
    await once(socket, "data");
    const closed = once(socket, "close");
    socket.on("data", () => socket.end()); // answers the close frame as a client would
    await Promise.all([gateway.close(), gateway.close(), closed]);
    const again = await openGateway({ port, webRoot: null }, new DoorDouble());
    gateways.push(again);
  });

  test("does not wait for ever for a session that does not end", { timeout: 15_000 }, async () => {
    const door = new DoorDouble();
    door.close = () => new Promise<void>(() => {});
    const { gateway, port } = await start({}, door);
    const socket = await opened(port, handshake({ host: `127.0.0.1:${port}`, token }));
    await once(socket, "data");
    const closed = once(socket.resume(), "close");
    await gateway.close();
    await closed;
  });

  test("a handshake that waits for its token meanwhile is 503 draining", async () => {
    let letGo: (principal: string) => void = () => {};
    let asked: () => void = () => {};
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const { gateway, port } = await start({
      authenticate: () => {
        asked();
        return new Promise<string>((resolve) => {
          letGo = resolve;
        });
      },
    });
    const answer = exchange(port, handshake({ host: `127.0.0.1:${port}`, token }));
    await isAsked;
    const closing = gateway.close();
    letGo("somebody");
    expect((await answer).status).toBe(503);
    expect(header(await answer, "Gonet-Reason")).toBe("draining");
    await closing;
  });
});

test("serve has real sessions behind the door", async () => {
  const gateway = await serve({ token, webRoot: null });
  const port = Number(new URL(gateway.url).port);
  expect(await status(port, `127.0.0.1:${port}`)).toBe(101);
  await gateway.close();
  await expect(exchange(port, handshake({ host: `127.0.0.1:${port}`, token }))).resolves.toMatchObject({
    status: 0,
  });
});
