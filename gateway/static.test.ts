import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Gateway, openGateway } from "./gateway.js";
import { securityHeaders } from "./static.js";
import { DoorDouble } from "./testing/doordouble.js";
import { type Answer, exchange, type HeaderList, header, requestText } from "./testing/rawclient.js";

const page = "<!doctype html><title>tools</title>";
const script = "export const answer = 42;\n";

let folder: string;
let gateway: Gateway;
let port: number;
let host: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gonet-static-"));
  const root = join(folder, "web");
  mkdirSync(join(root, "assets"), { recursive: true });
  mkdirSync(join(root, ".git"));
  mkdirSync(join(folder, "web-other"));
  writeFileSync(join(root, "index.html"), page);
  writeFileSync(join(root, "assets", "main-1a2b3c.js"), script);
  writeFileSync(join(root, ".secret"), "dot file");
  writeFileSync(join(root, ".git", "config"), "dot folder");
  writeFileSync(join(folder, "outside.txt"), "outside");
  writeFileSync(join(folder, "web-other", "file.txt"), "outside");
  symlinkSync(join(folder, "outside.txt"), join(root, "link.txt"));
  symlinkSync(join(folder, "web-other"), join(root, "linked"));
  symlinkSync(join(root, "index.html"), join(root, "inside.html"));
  symlinkSync("loop", join(root, "loop"));
  gateway = await openGateway({ webRoot: root }, new DoorDouble());
  port = Number(new URL(gateway.origin).port);
  host = `127.0.0.1:${port}`;
});

afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

function get(path: string, more: HeaderList = [], method = "GET"): Promise<Answer> {
  return exchange(port, requestText(method, path, [["Host", host], ["Connection", "close"], ...more]));
}

function isGuarded(answer: Answer): void {
  const policy = header(answer, "Content-Security-Policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
  expect(header(answer, "X-Content-Type-Options")).toBe("nosniff");
  expect(header(answer, "Referrer-Policy")).toBe("no-referrer");
  expect(header(answer, "Cross-Origin-Opener-Policy")).toBe("same-origin");
  expect(header(answer, "Cross-Origin-Resource-Policy")).toBe("same-origin");
  expect(header(answer, "X-Frame-Options")).toBe("DENY");
}

describe("files", () => {
  test("the page is at /, always asked for anew, and may reach its own WebSocket", async () => {
    const answer = await get("/");
    expect([answer.status, answer.body]).toEqual([200, page]);
    expect(header(answer, "Content-Type")).toBe("text/html; charset=utf-8");
    expect(header(answer, "Cache-Control")).toBe("no-cache");
    expect(header(answer, "Content-Security-Policy")).toContain(
      `connect-src 'self' ws://${host} wss://${host}`,
    );
    isGuarded(answer);
  });

  test("hashed files are kept for ever", async () => {
    const answer = await get("/assets/main-1a2b3c.js?v=1");
    expect([answer.status, answer.body]).toEqual([200, script]);
    expect(header(answer, "Content-Type")).toMatch(/^(text|application)\/javascript/);
    expect(header(answer, "Cache-Control")).toBe("public, max-age=31536000, immutable");
    isGuarded(answer);
  });

  test("HEAD sends no body, an unchanged file is 304, a link that stays inside is followed", async () => {
    const head = await get("/", [], "HEAD");
    expect([head.status, head.body, header(head, "Content-Length")]).toEqual([200, "", String(page.length)]);
    const etag = header(head, "ETag") ?? "";
    expect((await get("/", [["If-None-Match", etag]])).status).toBe(304);
    expect((await get("/inside.html")).body).toBe(page);
  });

  test("one range is sent, many are 416", async () => {
    const part = await get("/", [["Range", "bytes=0-3"]]);
    expect([part.status, part.body]).toEqual([206, page.slice(0, 4)]);
    const many = await get("/", [["Range", `bytes=${"0-,".repeat(1000)}0-`]]);
    expect(many.status).toBe(416);
    expect((await get("/", [["Range", "bytes=9999-"]])).status).toBe(416);
    isGuarded(many);
  });
});

describe("A24: ways out of the folder", () => {
  const tricks = [
    "/../outside.txt",
    "/..%2foutside.txt",
    "/..%2f..%2fetc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/assets/../../outside.txt",
    "/assets/..%5c..%5coutside.txt",
    "/..\\outside.txt",
    "/../web-other/file.txt",
    "//evil",
    "//etc/passwd",
    "/%2fetc%2fpasswd",
    "/link.txt",
    "/linked/file.txt",
    "/loop",
    "/.secret",
    "/.git/config",
    "/assets",
    "/assets/",
    "/missing",
    `/${"a".repeat(300)}`,
    `/${"a/".repeat(3000)}`,
  ];
  test.each(tricks)("%j is 404", async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(404);
    expect(answer.body).toBe("there is nothing here\n");
    expect(header(answer, "Location")).toBeUndefined();
    isGuarded(answer);
  });

  test.each(["/%00", "/index.html%00.js", "/%", "/%zz", "/%ff%fe"])("%j is 400", async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(400);
    isGuarded(answer);
  });

  test("a control character in a path is 400, from Node's parser", async () => {
    expect((await exchange(port, `GET /\u0000 HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status).toBe(400);
  });
});

test("every other answer is guarded too", async () => {
  for (const path of ["/livez", "/gonet/v1/check", "/gonet/v1/ws", "/gonet/v1/x", "/?token=x"]) {
    isGuarded(await get(path));
  }
  isGuarded(await exchange(port, requestText("GET", "/", [["Host", "evil.test"]])));
});

test("a file that goes away between two requests is a 404, and the gateway goes on", async () => {
  const path = join(folder, "web", "gone.txt");
  writeFileSync(path, "here");
  expect((await get("/gone.txt")).body).toBe("here");
  rmSync(path);
  expect((await get("/gone.txt")).status).toBe(404);
  expect((await get("/")).status).toBe(200);
});

test("a header that names the host is made of a checked host only", () => {
  expect(securityHeaders(null)["Content-Security-Policy"]).toContain("connect-src 'self';");
});
