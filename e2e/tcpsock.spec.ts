// TCP from a page in a real Chromium, to real servers and from real clients.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer as createHTTP } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, test } from "./fixtures.js";

type Gonet = typeof import("gonet");
type At = { url: string; token: string };

const mebibyte = 1 << 20;

async function listening(server: { listen(port: number, host: string): unknown; address(): unknown }) {
  server.listen(0, "127.0.0.1");
  await once(server as never, "listening");
  return (server.address() as AddressInfo).port;
}

test.beforeEach(async ({ page, site }) => {
  await page.goto(`${site.origin}/blank.html`);
});

test("a page speaks HTTP with a server that it dials by name", async ({ page, gateway }) => {
  const heard: string[] = [];
  const server = createHTTP((request, response) => {
    heard.push(`${request.method} ${request.url} HTTP/${request.httpVersion}`);
    response.end("hello, page");
  });
  const port = await listening(server);
  const answer = await page.evaluate(
    async ({ url, token, port }) => {
      const { connect } = (await import("/dist/index.js" as string)) as Gonet;
      const net = await connect(url, { token });
      const c = await net.Dial("tcp", `localhost:${port}`);
      await c.Write(new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n"));
      const all = new TextDecoder().decode(await net.io.ReadAll(c));
      await c.Close();
      await net.session.close();
      return { all, remote: c.RemoteAddr().String() };
    },
    { url: gateway.url, token: gateway.token, port },
  );
  expect(heard).toEqual(["GET / HTTP/1.0"]);
  expect(answer.all).toMatch(/^HTTP\/1\.[01] 200 OK\r\n/);
  expect(answer.all).toMatch(/\r\n\r\nhello, page$/);
  expect(answer.remote).toMatch(new RegExp(`^(127\\.0\\.0\\.1|\\[::1\\]):${port}$`));
  server.close();
});

test("64 MiB go up and 64 MiB down at once, unharmed", async ({ page, gateway }) => {
  test.slow(); // a page that is watched by Playwright has a slow WebSocket
  const size = 64 * mebibyte;
  const down = Buffer.alloc(size);
  for (let i = 0; i < size; i += 4) down.writeUInt32LE((Math.imul(i, 2654435761) ^ (i >>> 7)) >>> 0, i);
  const hash = createHash("sha256");
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("data", (chunk) => hash.update(chunk));
    socket.end(down);
  });
  const port = await listening(server);
  const page64 = await page.evaluate(
    async ({ url, token, port, size }) => {
      const { connect } = (await import("/dist/index.js" as string)) as Gonet;
      const sha256 = async (b: Uint8Array<ArrayBuffer>) =>
        [...new Uint8Array(await crypto.subtle.digest("SHA-256", b))]
          .map((n) => n.toString(16).padStart(2, "0"))
          .join("");
      const up = new Uint8Array(size);
      const words = new Uint32Array(up.buffer);
      for (let i = 0; i < words.length; i++) words[i] = Math.imul(i, 0x9e3779b1) ^ (i >>> 3);
      const net = await connect(url, { token });
      const c = await net.Dial("tcp", `127.0.0.1:${port}`);
      const back = new Uint8Array(size);
      const sending = (async () => {
        for (let at = 0; at < size; ) at += await c.Write(up.subarray(at, at + 1_000_000));
        await c.CloseWrite();
      })();
      const [n] = await Promise.all([net.io.ReadFull(c, back), sending]);
      const end = await c.Read(new Uint8Array(1)).catch((err: unknown) => err === net.io.EOF);
      await c.Close();
      await net.session.close();
      return { n, end, sent: await sha256(up), received: await sha256(back) };
    },
    { url: gateway.url, token: gateway.token, port, size },
  );
  expect(page64).toEqual({
    n: size,
    end: true,
    sent: hash.digest("hex"),
    received: createHash("sha256").update(down).digest("hex"),
  });
  server.close();
});

test("a page listens, and a plain client is answered by it", async ({ page, gateway }) => {
  let heard = (_: string): void => {};
  const address = new Promise<string>((resolve) => {
    heard = resolve;
  });
  await page.exposeFunction("listensOn", (a: string) => heard(a));
  const served = page.evaluate(
    async ({ url, token }) => {
      const { connect } = (await import("/dist/index.js" as string)) as Gonet;
      const net = await connect(url, { token });
      const l = await net.Listen("tcp", "127.0.0.1:0");
      (globalThis as unknown as { listensOn(a: string): void }).listensOn(l.Addr().String());
      const c = await l.Accept();
      let total = 0;
      for await (const chunk of c) {
        total += chunk.length;
        await c.Write(chunk);
      }
      await c.Close();
      await l.Close();
      await net.session.close();
      return total;
    },
    { url: gateway.url, token: gateway.token },
  );
  const [host, port] = (await address).split(":");
  const socket: Socket = connect({ host, port: Number(port), allowHalfOpen: true });
  const words = Buffer.alloc(mebibyte, "all of this comes back ");
  socket.end(words);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).equals(words)).toBe(true);
  expect(await served).toBe(words.length);
});

test.describe("what a page is told when there is no way to the gateway", () => {
  const attempt = async ({ url, token }: Partial<At>) => {
    const { connect, gateway } = (await import("/dist/index.js" as string)) as Gonet;
    const began = performance.now();
    try {
      await connect(url as string, token === undefined ? {} : { token });
      return "connected";
    } catch (err) {
      const { code, reason, message } = err as { code: string; reason: string; message: string };
      return {
        own: err instanceof gateway.GatewayError,
        code,
        reason,
        message,
        ms: performance.now() - began,
      };
    }
  };

  test("a wrong token", async ({ page, gateway }) => {
    expect(await page.evaluate(attempt, { url: gateway.url, token: "wrong" })).toMatchObject({
      own: true,
      code: "GONET_AUTH",
      reason: "token",
      message: "gonet: the gateway refused the connection: the token is not valid",
    });
  });

  test("no token", async ({ page, gateway }) => {
    expect(await page.evaluate(attempt, { url: gateway.url })).toMatchObject({
      own: true,
      code: "GONET_AUTH",
      reason: "token",
      message: "gonet: the gateway refused the connection: a token is needed",
    });
  });

  test("a page of a foreign origin", async ({ page, site, gateway }) => {
    // The same server under another name is another origin.
    await page.goto(`${site.origin.replace("127.0.0.1", "localhost")}/blank.html`);
    expect(await page.evaluate(attempt, { url: gateway.url, token: gateway.token })).toMatchObject({
      own: true,
      code: "GONET_AUTH",
      reason: "origin",
      message: "gonet: the gateway refused the connection: pages of this origin may not use the gateway",
    });
  });

  test("a gateway that is not there", async ({ page }) => {
    const server = createServer();
    const port = await listening(server);
    await new Promise((done) => server.close(done));
    const url = `ws://127.0.0.1:${port}/gonet/v1/ws`;
    expect(await page.evaluate(attempt, { url, token: "any" })).toMatchObject({
      own: true,
      code: "GONET_UNREACHABLE",
      reason: "unreachable",
      message: `gonet: the gateway at 127.0.0.1:${port} cannot be reached`,
    });
  });
});
