import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { resolve } from "node:path";
import { expect, test } from "./fixtures.js";

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
