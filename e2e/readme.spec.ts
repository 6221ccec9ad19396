import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { resolve } from "node:path";
import { serve } from "gonet/gateway";
import { Chaos } from "../src/testing/chaos.js";
import { expect, test } from "./fixtures.js";

const sessionDocs = readFileSync(resolve(import.meta.dirname, "../docs/session.md"), "utf8");
const readme = readFileSync(resolve(import.meta.dirname, "../README.md"), "utf8");

/** withReal puts what really runs here in the place of what stands in the example, once. */
function withReal(example: string, shown: string, real: string): string {
  expect(example.split(shown)).toHaveLength(2);
  return example.replace(shown, real);
}

test("the example in the README runs as it stands", async ({ page, site, gateway }) => {
  const requests: string[] = [];
  const server = createServer((socket) => {
    socket.once("data", (b) => {
      requests.push(b.toString());
      socket.end("HTTP/1.0 200 OK\r\n\r\nhello from the far end");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  const [, example = ""] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  const source = [
    ["http://127.0.0.1:8080", gateway.origin],
    ["example.com:80", `127.0.0.1:${port}`],
  ].reduce((text, [shown = "", real = ""]) => withReal(text, shown, real), example);

  await page.goto(`${site.origin}/blank.html`);
  // Whatever the page says ends the waiting, an error too.
  const said = page.waitForEvent("console");
  await page.addScriptTag({
    type: "module",
    content: `const token = ${JSON.stringify(gateway.token)};\n${source}`,
  });
  expect((await said).text()).toContain("hello from the far end");
  expect(requests.join("")).toContain("GET / HTTP/1.0\r\n");
  // The example closes its connection, or this would wait for ever.
  await new Promise((done) => server.close(done));
});

test("the example in docs/session.md tells what becomes of the session", async ({ page, site }) => {
  const chaos = await Chaos.start();
  const hosts = [`127.0.0.1:${chaos.port}`];
  const gateway = await serve({ webRoot: null, origins: [site.origin], hosts, limits: { graceMs: 5000 } });
  chaos.target = Number(new URL(gateway.url).port);
  const [, example = ""] = /```js\n([\s\S]*?)```/.exec(sessionDocs) ?? [];
  const source = withReal(example, "http://127.0.0.1:8080", `http://127.0.0.1:${chaos.port}`);
  const said: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  await page.goto(`${site.origin}/blank.html`);
  await page.addScriptTag({
    type: "module",
    content: `const token = ${JSON.stringify(gateway.token)};\n${source}`,
  });
  await expect.poll(() => said).toContain("connected");
  chaos.isDown = true;
  chaos.cut("reset");
  await expect
    .poll(() => said.join("\n"))
    .toMatch(/^reconnecting… last heard \d+ s ago, gives up in [345] s$/m);
  chaos.isDown = false;
  const { length } = said;
  await expect.poll(() => said.slice(length)).toContain("connected");
  await gateway.close();
  await expect.poll(() => said.join("\n")).toMatch(/^lost: gonet: session ended: gateway closed \(4503\)$/m);
  await chaos.close();
});
