// A page whose network breaks: its connections do not notice.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { serve } from "gonet/gateway";
import { Chaos, type Cut } from "../src/testing/chaos.js";
import { expect, test } from "./fixtures.js";

type Gonet = typeof import("gonet");

const mebibyte = 1 << 20;
const total = 24 * mebibyte;
const cuts = 24;

test("a page moves 24 MiB each way over 24 broken links, and nothing is lost", async ({ page, site }) => {
  const chaos = await Chaos.start();
  const gateway = await serve({ webRoot: null, origins: [site.origin], hosts: [`127.0.0.1:${chaos.port}`] });
  chaos.target = Number(new URL(gateway.url).port);
  const url = new URL(gateway.url);
  url.port = String(chaos.port);

  // The far end hashes what comes and sends zeros of the same length; its last words are the hash.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const hash = createHash("sha256");
    socket.on("error", () => {});
    socket.on("data", (data) => hash.update(data));
    const ended = once(socket, "end");
    let left = total;
    const more = (): void => {
      while (left > 0) {
        const piece = Buffer.alloc(Math.min(left, 64 * 1024), left & 0xff);
        left -= piece.length;
        if (!socket.write(piece)) return void socket.once("drain", more);
      }
      void ended.then(() => socket.end(hash.digest("hex")));
    };
    more();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  let made = 0;
  let next = mebibyte;
  const kinds: Cut[] = ["reset", "end", "halfOpen"];
  chaos.onPass = (through) => {
    if (through.isCut || through.bytes < next || made >= cuts) return;
    const how = chaos.random.pick(kinds);
    made++;
    next = chaos.random.below(3 * mebibyte);
    through.cut(how);
    if (how === "halfOpen") setTimeout(() => through.release(), chaos.random.below(100));
  };

  await page.goto(`${site.origin}/blank.html`);
  const seen = await page.evaluate(
    async ({ url, token, port, total }) => {
      const { connect } = (await import("/dist/index.js" as string)) as Gonet;
      const net = await connect(url, { token, redialMs: [0, 50] });
      const states: string[] = [];
      net.session.watch(({ state }) => states.push(state));
      const c = await net.Dial("tcp", `127.0.0.1:${port}`);
      const piece = new Uint8Array(256 * 1024);
      const writing = (async () => {
        for (let sent = 0; sent < total; sent += piece.length)
          await c.Write(piece.fill((sent / piece.length) & 0xff));
        await c.CloseWrite();
      })();
      const got = await net.io.ReadAll(c);
      await writing;
      let wrong = 0;
      for (let at = 0; at < total; at++) {
        const left = total - (at - (at % 65_536));
        if (got[at] !== (left & 0xff)) wrong++;
      }
      await c.Close();
      await net.session.close();
      const digest = new TextDecoder().decode(got.subarray(total));
      return { wrong, length: got.length, digest, resumes: states.filter((s) => s === "attached").length };
    },
    { url: url.href, token: gateway.token, port, total },
  );
  const hash = createHash("sha256");
  const piece = Buffer.alloc(256 * 1024);
  for (let sent = 0; sent < total; sent += piece.length)
    hash.update(piece.fill((sent / piece.length) & 0xff));
  expect(seen).toEqual({ wrong: 0, length: total + 64, digest: hash.digest("hex"), resumes: made });
  expect(made).toBeGreaterThan(cuts / 2);
  await gateway.close();
  await chaos.close();
  server.close();
});
