import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { subprotocol } from "../src/wire/frame.js";
import { bearerProtocol } from "./auth.js";
import { checkPath, wsPath } from "./check.js";
import { type Gateway, type GatewayOptions, openGateway } from "./gateway.js";
import { DoorDouble } from "./testing/doordouble.js";
import { type Answer, exchange, handshake, header, opened, requestText } from "./testing/rawclient.js";

const token = "a-token-for-these-tests-0123456789";
const listed = "https://app.example.com";

let door: DoorDouble;
let gateway: Gateway;
let port: number;
let host: string;
let origin: string;

async function start(options: GatewayOptions = {}): Promise<void> {
  await gateway?.close();
  door = new DoorDouble();
  gateway = await openGateway({ token, origins: [listed], webRoot: null, ...options }, door);
  port = Number(new URL(gateway.url).port);
  host = `127.0.0.1:${port}`;
  origin = gateway.origin;
}

function refused(answer: Answer, status: number, reason?: string): void {
  expect(answer.status).toBe(status);
  expect(answer.isClosed).toBe(true);
  expect(header(answer, "Connection")).toBe("close");
  if (reason !== undefined) expect(header(answer, "Gonet-Reason")).toBe(reason);
  expect(answer.body.length).toBeGreaterThan(0);
  expect(answer.body.length).toBeLessThan(100);
  expect(door.peers).toEqual([]);
}

beforeEach(() => start());
afterEach(() => gateway.close());

describe("a handshake that is in order", () => {
  test("from the gateway's own page is taken (A08: only gonet.v1 is echoed)", async () => {
    const answer = await exchange(port, handshake({ host, origin, token }));
    expect(answer.status).toBe(101);
    expect(header(answer, "Sec-WebSocket-Protocol")).toBe(subprotocol);
    expect(JSON.stringify(answer.headers)).not.toContain(bearerProtocol(token));
    expect(door.peers).toEqual([{ remoteAddress: "127.0.0.1", origin, principal: "token" }]);
  });

  test("from a listed origin is taken", async () => {
    expect((await exchange(port, handshake({ host, origin: listed, token }))).status).toBe(101);
    expect(door.peers[0]?.origin).toBe(listed);
  });

  test("without an Origin is taken (A11), its token in either header", async () => {
    expect((await exchange(port, handshake({ host, token }))).status).toBe(101);
    const more = [["Authorization", `Bearer ${token}`]] as const;
    expect((await exchange(port, handshake({ host, more }))).status).toBe(101);
    expect(door.peers.map((peer) => peer.origin)).toEqual([null, null]);
  });

  test("carries messages both ways", async () => {
    const ws = new WebSocket(gateway.url, [subprotocol, bearerProtocol(token)]);
    const message = await new Promise((resolve, reject) => {
      ws.on("error", reject);
      ws.on("open", () => ws.send("echo me"));
      ws.on("message", (data) => resolve(String(data)));
    });
    expect(message).toBe("echo me");
    ws.terminate();
  });

  test("gets no compression, whatever it offers (A22)", async () => {
    const more = [["Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"]] as const;
    const answer = await exchange(port, handshake({ host, token, more }));
    expect(answer.status).toBe(101);
    expect(header(answer, "Sec-WebSocket-Extensions")).toBeUndefined();
  });
});

describe("tokens", () => {
  test("A01: none at all is 401, and the socket is gone within 100 ms", async () => {
    const answer = await exchange(port, handshake({ host, protocols: null }));
    refused(answer, 401, "token");
    expect(header(answer, "WWW-Authenticate")).toBe("Bearer");
    expect(answer.tookMs).toBeLessThan(100);
  });

  test("A01: gonet.v1 alone is 401", async () => {
    refused(await exchange(port, handshake({ host })), 401, "token");
  });

  test("A02: without gonet.v1 is 400", async () => {
    refused(await exchange(port, handshake({ host, protocols: bearerProtocol(token) })), 400, "protocol");
    const more = [["Authorization", `Bearer ${token}`]] as const;
    refused(await exchange(port, handshake({ host, protocols: null, more })), 400, "protocol");
  });

  test("A03: two bearers are 401, even if both are valid, wherever they stand", async () => {
    const bearer = bearerProtocol(token);
    const two = `${subprotocol}, ${bearer}, ${bearer}`;
    refused(await exchange(port, handshake({ host, protocols: two })), 401, "token");
    const more = [["Authorization", `Bearer ${token}`]] as const;
    refused(await exchange(port, handshake({ host, token, more })), 401, "token");
  });

  const bearer = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
  const badBearers = {
    padding: `${bearer(Buffer.from("abcd"))}==`,
    plus: `${bearer(Buffer.from(token))}+`,
    slash: `${bearer(Buffer.from(token))}/`,
    "not base64url": "$$$$",
    "stray bits": `${bearer(Buffer.from("abcd")).slice(0, -1)}B`,
    "invalid UTF-8": bearer(new Uint8Array([0xff, 0xfe, 0x80])),
    nothing: "",
    "4,097 bytes": bearer(Buffer.alloc(4097, 0x61)),
    "another token": bearer(Buffer.from("another")),
    "the token itself, not encoded": token,
    "the token cut short": bearer(Buffer.from(token.slice(0, -1))),
  };
  test.each(Object.entries(badBearers))("A04: a bearer with %s is 401", async (_, value) => {
    const protocols = `${subprotocol}, gonet.bearer.${value}`;
    refused(await exchange(port, handshake({ host, protocols })), 401, "token");
  });

  test("A05: each flipped bit is 401", async () => {
    const right = Buffer.from(token);
    for (let bit = 0; bit < 64; bit++) {
      const wrong = Buffer.from(right);
      wrong[bit >> 3]! ^= 1 << (bit & 7);
      const protocols = `${subprotocol}, gonet.bearer.${wrong.toString("base64url")}`;
      expect((await exchange(port, handshake({ host, protocols }))).status).toBe(401);
    }
    expect(door.peers).toEqual([]);
  });

  test("A07: in the URL is 400, in a cookie or in Basic 401", async () => {
    for (const name of ["token", "access_token", "bearer"]) {
      const path = `${wsPath}?${name}=${token}`;
      refused(await exchange(port, handshake({ host, token, path })), 400, "malformed");
    }
    refused(await exchange(port, handshake({ host, more: [["Cookie", `token=${token}`]] })), 401, "token");
    const basic = Buffer.from(`x:${token}`).toString("base64");
    refused(
      await exchange(port, handshake({ host, more: [["Authorization", `Basic ${basic}`]] })),
      401,
      "token",
    );
  });

  test("a scheme without a token, or a token cut in two, is 401", async () => {
    for (const value of ["Bearer", "Bearer ", `Bearer${token}`, `Bearer ${token} x`, token]) {
      refused(await exchange(port, handshake({ host, more: [["Authorization", value]] })), 401, "token");
    }
  });
});

describe("where it comes from", () => {
  const strangers = [
    "null",
    "",
    "http://evil",
    "http://127.0.0.1.evil.com",
    "https://app.example.com.evil.com",
    "https://app.example.com@evil.com",
    "https://app.example.com:444",
    "http://app.example.com",
    "https://APP.example.com",
    "https://app.example.com.",
    "https://app.example.com/",
    "file://",
    "chrome-extension://x",
    "http://10.0.0.1",
    "http://127.0.0.1",
    "http://[::1]",
  ];
  test.each(strangers)("A09: Origin %j is 403, valid token or not", async (stranger) => {
    refused(await exchange(port, handshake({ host, origin: stranger, token })), 403, "origin");
    refused(await exchange(port, handshake({ host, origin: stranger })), 403, "origin");
  });

  test("A11: with requireOrigin, none is 403", async () => {
    await start({ requireOrigin: true });
    refused(await exchange(port, handshake({ host, token })), 403, "origin");
    expect((await exchange(port, handshake({ host, token, origin }))).status).toBe(101);
  });

  test("A12: a Host that is not ours is 421, whatever else is right", async () => {
    const hosts = [
      null,
      "",
      "evil.test",
      `evil.test:${port}`,
      "127.0.0.1:1",
      "127.0.0.1",
      `localhost.evil.test:${port}`,
    ];
    for (const wrong of hosts) refused(await exchange(port, handshake({ host: wrong, token })), 421, "host");
    refused(
      await exchange(
        port,
        handshake({ host: `evil.test:${port}`, origin: `http://evil.test:${port}`, token }),
      ),
      421,
      "host",
    );
  });

  test("A12: the names of loopback with the right port are ours", async () => {
    for (const name of ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"]) {
      expect((await exchange(port, handshake({ host: `${name}:${port}`, token }))).status).toBe(101);
    }
  });

  test("A13: X-Forwarded-For counts from a listed proxy only, its last hop", async () => {
    const more = [["X-Forwarded-For", "1.2.3.4, 9.8.7.6"]] as const;
    await exchange(port, handshake({ host, token, more }));
    expect(door.peers[0]?.remoteAddress).toBe("127.0.0.1");
    await start({ trustedProxies: ["127.0.0.1"] });
    await exchange(port, handshake({ host, token, more }));
    expect(door.peers[0]?.remoteAddress).toBe("9.8.7.6");
  });

  test("a proxy's word changes neither host nor origin", async () => {
    await start({ trustedProxies: ["127.0.0.0/8"] });
    const more = [
      ["X-Forwarded-Host", host],
      ["X-Forwarded-Proto", "http"],
    ] as const;
    refused(await exchange(port, handshake({ host: "evil.test", token, more })), 421, "host");
    refused(
      await exchange(port, handshake({ host, origin: "http://evil.test", token, more })),
      403,
      "origin",
    );
  });
});

describe("the form of the handshake", () => {
  test("A10: a security header twice is 400", async () => {
    const key = Buffer.alloc(16, 7).toString("base64");
    const doubles = [
      ["Origin", origin],
      ["Host", host],
      ["Sec-WebSocket-Key", key],
      ["Sec-WebSocket-Protocol", subprotocol],
    ] as const;
    for (const double of doubles) {
      refused(await exchange(port, handshake({ host, origin, token, more: [double] })), 400, "malformed");
    }
    const bearer = ["Authorization", `Bearer ${token}`] as const;
    refused(await exchange(port, handshake({ host, more: [bearer, bearer] })), 400, "malformed");
  });

  test("A18: 17 KiB of headers are 431, and so are 2,000 small ones", async () => {
    const large = [["X-Large", "x".repeat(17 * 1024)]] as const;
    expect((await exchange(port, handshake({ host, token, more: large }))).status).toBe(431);
    const many = Array.from({ length: 2000 }, () => ["a", "1"] as const);
    refused(await exchange(port, handshake({ host, token, more: many })), 431, "malformed");
  });

  test("A18: a second Origin behind a hundred other headers is seen", async () => {
    const more = [
      ...Array.from({ length: 100 }, () => ["a", "1"] as const),
      ["Origin", "http://evil"] as const,
    ];
    refused(await exchange(port, handshake({ host, origin, token, more })), 431);
  });

  test("A19: version, key, upgrade, method, path: 426 400 400 405 404", async () => {
    const version = { replace: { "sec-websocket-version": "12" } };
    const answer = await exchange(port, handshake({ host, token, ...version }));
    refused(answer, 426);
    expect(header(answer, "Sec-WebSocket-Version")).toBe("13");
    for (const key of [null, "", "short", "#".repeat(24)]) {
      const replace = { "sec-websocket-key": key };
      refused(await exchange(port, handshake({ host, token, replace })), 400);
    }
    refused(await exchange(port, handshake({ host, token, replace: { upgrade: "h2c" } })), 400);
    refused(await exchange(port, handshake({ host, token, method: "POST" })), 405);
    for (const path of ["/", "/gonet/v1/ws/", "//gonet/v1/ws", "/gonet/v1/%77s", "/gonet/v2/ws"]) {
      refused(await exchange(port, handshake({ host, token, path })), 404);
    }
  });

  test("A19: what follows a refused handshake is never read as a request", async () => {
    const follower = requestText("GET", "/livez", [["Host", host]]);
    const answer = await exchange(port, handshake({ host }) + follower + follower);
    refused(answer, 401);
    expect(answer.body).toBe("a token is needed\n");
  });

  test("a body on a handshake is 400", async () => {
    const more = [["Content-Length", "5"]] as const;
    refused(await exchange(port, `${handshake({ host, token, more })}hello`), 400, "malformed");
  });

  test("a malformed list of subprotocols is 400", async () => {
    for (const list of [`${subprotocol},,`, `${subprotocol}, a b,`, `${subprotocol}, ${subprotocol},`]) {
      refused(await exchange(port, handshake({ host, protocols: `${list}${bearerProtocol(token)}` })), 400);
    }
  });

  test("A21: CONNECT, a whole URL, *, HTTP/2, TLS: 4xx, closed", async () => {
    const hostLine = [["Host", host]] as const;
    const requests = [
      requestText("CONNECT", "example.com:443", hostLine),
      requestText("GET", `http://${host}/livez`, hostLine),
      requestText("OPTIONS", "*", hostLine),
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      Buffer.from("16030100a5010000a10303", "hex"),
      "\0\0\0\0\r\n\r\n",
    ];
    for (const request of requests) {
      const answer = await exchange(port, request);
      expect(Math.floor(answer.status / 100)).toBe(4);
      expect(answer.isClosed).toBe(true);
    }
    expect((await exchange(port, handshake({ host, token }))).status).toBe(101);
  });

  test("A15: a request that comes byte by byte is ended after 10 s", { timeout: 20_000 }, async () => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => {});
    const started = performance.now();
    const drip = setInterval(() => socket.write("x"), 1000);
    socket.write("GET / HTTP/1.1\r\nX: ");
    await new Promise((resolve) => socket.once("close", resolve).resume());
    clearInterval(drip);
    const tookMs = performance.now() - started;
    expect(tookMs).toBeGreaterThan(9_000);
    expect(tookMs).toBeLessThan(12_000);
  });
});

describe("limits", () => {
  test("one session more than allowed is 503, and one less makes room", async () => {
    await start({ maxSessions: 2 });
    const open = [
      await opened(port, handshake({ host, token })),
      await opened(port, handshake({ host, token })),
    ];
    await expect.poll(() => door.size).toBe(2);
    const answer = await exchange(port, handshake({ host, token }));
    expect(answer.status).toBe(503);
    expect(header(answer, "Gonet-Reason")).toBe("limit");
    expect(Number(header(answer, "Retry-After"))).toBeGreaterThan(0);
    open[0]?.destroy();
    await expect.poll(() => door.size).toBe(1);
    expect((await exchange(port, handshake({ host, token }))).status).toBe(101);
    open[1]?.destroy();
  });

  test("no more than a hundred handshakes wait for their token to be looked at", async () => {
    let letGo: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let asked = 0;
    await start({
      authenticate: async () => {
        asked++;
        await gate;
        return "somebody";
      },
    });
    const sockets = await Promise.all(
      Array.from({ length: 100 }, () => opened(port, handshake({ host, token }))),
    );
    await expect.poll(() => asked).toBe(100);
    refused(await exchange(port, handshake({ host, token })), 503, "limit");
    letGo();
    await expect.poll(() => door.size).toBe(100);
    expect(door.peers[0]?.principal).toBe("somebody");
    for (const socket of sockets) socket.destroy();
  });

  test("a failing authenticate is 500, and the gateway goes on", async () => {
    await start({
      authenticate: (given) => {
        if (given === token) return "somebody";
        throw new Error("the key server is away");
      },
    });
    refused(await exchange(port, handshake({ host, token: "x" })), 500, "internal");
    expect((await exchange(port, handshake({ host, token }))).status).toBe(101);
  });
});

describe("GET /gonet/v1/check (A23)", () => {
  const check = (headers: Record<string, string>) =>
    exchange(port, requestText("GET", checkPath, Object.entries({ Host: host, ...headers })));
  const bearer = { Authorization: `Bearer ${token}` };

  test("says yes to what an upgrade would be granted", async () => {
    const answer = await check(bearer);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({ ok: true });
    expect(header(answer, "Content-Type")).toBe("application/json");
  });

  test("says why not, readable for a page of any origin", async () => {
    const cases: [Record<string, string>, number, string][] = [
      [{}, 401, "token"],
      [{ Authorization: "Bearer wrong" }, 401, "token"],
      [{ ...bearer, Origin: "https://evil.test" }, 403, "origin"],
      [{ ...bearer, Host: "evil.test" }, 421, "host"],
    ];
    for (const [headers, status, reason] of cases) {
      const answer = await check(headers);
      expect(answer.status).toBe(status);
      expect(header(answer, "Access-Control-Allow-Origin")).toBe("*");
      const body = JSON.parse(answer.body) as { ok: boolean; reason: string; message: string };
      expect(body).toMatchObject({ ok: false, reason });
      expect(body.message.length).toBeGreaterThan(10);
    }
    expect(door.peers).toEqual([]);
  });

  test("answers the preflight for the Authorization header", async () => {
    const answer = await exchange(
      port,
      requestText("OPTIONS", checkPath, [
        ["Host", host],
        ["Origin", "https://evil.test"],
        ["Access-Control-Request-Headers", "authorization"],
      ]),
    );
    expect(answer.status).toBe(204);
    expect(header(answer, "Access-Control-Allow-Headers")).toBe("Authorization");
    expect(header(answer, "Access-Control-Allow-Origin")).toBe("*");
  });

  test("with requireOrigin, believes the browser that a page is our own", async () => {
    await start({ requireOrigin: true });
    expect((await check(bearer)).status).toBe(403);
    expect((await check({ ...bearer, "Sec-Fetch-Site": "same-origin" })).status).toBe(200);
    expect((await check({ ...bearer, "Sec-Fetch-Site": "cross-site" })).status).toBe(403);
  });

  test("says that the gateway is full", async () => {
    await start({ maxSessions: 0 });
    const answer = await check(bearer);
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body)).toMatchObject({ reason: "limit" });
  });
});

describe("other requests", () => {
  test("/livez is 200 for any Host", async () => {
    const answer = await exchange(port, requestText("GET", "/livez", [["Host", "anything"]]));
    expect([answer.status, answer.body]).toEqual([200, "ok\n"]);
  });

  test("the WebSocket's path without an upgrade is 426, other paths of ours 404", async () => {
    const get = (path: string) => exchange(port, requestText("GET", path, [["Host", host]]));
    expect((await get(wsPath)).status).toBe(426);
    expect((await get("/gonet/v1/other")).status).toBe(404);
    expect((await get("/")).status).toBe(404);
    expect((await get(`/?token=${token}`)).status).toBe(400);
  });

  test("a foreign Host is 421: the page is not shown to a name that somebody pointed here", async () => {
    expect((await exchange(port, requestText("GET", "/", [["Host", "evil.test"]]))).status).toBe(421);
  });

  test("POST is 405", async () => {
    const post = requestText("POST", "/", [
      ["Host", host],
      ["Content-Length", "3"],
    ]);
    expect((await exchange(port, `${post}abc`)).status).toBe(405);
  });
});
