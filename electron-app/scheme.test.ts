import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { securityHeaders } from "../gateway/static.js";
import { answerFrom } from "./scheme.js";

let folder = "";
let answer: ReturnType<typeof answerFrom>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gonet-app-"));
  const web = join(folder, "web");
  mkdirSync(join(web, "assets"), { recursive: true });
  writeFileSync(join(web, "index.html"), "<!doctype html>page");
  writeFileSync(join(web, "assets/index-a1_B.js"), "1");
  writeFileSync(join(web, "assets/style.css"), "p{}");
  writeFileSync(join(web, ".hidden.js"), "secret");
  writeFileSync(join(web, "noextension"), "secret");
  writeFileSync(join(folder, "outside.js"), "secret");
  symlinkSync(join(folder, "outside.js"), join(web, "link.js"));
  symlinkSync(join(web, "index.html"), join(web, "inner.html"));
  answer = answerFrom(web);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const get = (url: string, method = "GET"): Promise<Response> => answer(new Request(url, { method }));

test("the page and its files, with their types", async () => {
  const page = await get("app://gonet/");
  expect(page.status).toBe(200);
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(await page.text()).toBe("<!doctype html>page");
  const script = await get("app://gonet/assets/index-a1_B.js");
  expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect((await get("app://gonet/assets/style.css")).headers.get("content-type")).toBe(
    "text/css; charset=utf-8",
  );
  expect((await get("app://gonet/inner.html")).status).toBe(200);
  const head = await get("app://gonet/", "HEAD");
  expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "19", ""]);
});

describe("there is no way out of the folder", () => {
  test.each([
    "app://gonet/../outside.js",
    "app://gonet/..%2foutside.js",
    "app://gonet/%2e%2e/outside.js",
    "app://gonet/assets/../../outside.js",
    "app://gonet/..\\outside.js",
    "app://gonet/assets/..%5c..%5coutside.js",
    "app://gonet//etc/passwd.js",
    "app://gonet/link.js",
    "app://gonet/.hidden.js",
    "app://gonet/assets",
    "app://gonet/assets/",
    "app://gonet/noextension",
    "app://gonet/missing.js",
    "app://gonet/index.html%00.js",
    "app://gonet/index.html/",
    "app://gonet/assets/style.css:stream.css",
    "app://other/index.html",
    "app://GONET.evil/index.html",
    "app://gonet:1/index.html",
    "https://gonet/index.html",
    "file:///etc/passwd",
  ])("%s", async (url) => {
    const response = await get(url);
    expect([response.status, await response.text()]).toEqual([404, ""]);
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  test("nor another method", async () => {
    expect((await get("app://gonet/", "POST")).status).toBe(405);
  });
});

test("E08: the policy is the gateway's own, but the page connects to nothing", async () => {
  const app = (await get("app://gonet/")).headers;
  for (const [name, value] of Object.entries(securityHeaders(null))) {
    const want =
      name === "Content-Security-Policy" ? value.replace("connect-src 'self'", "connect-src 'none'") : value;
    expect(app.get(name), name).toBe(want);
  }
  const policy = app.get("content-security-policy") ?? "";
  expect(policy).toContain("script-src 'self';");
  expect(policy).toContain("connect-src 'none';");
  expect(policy).not.toMatch(/unsafe-eval|\*|https?:/);
});
