// A page moves much over a network of which every link is broken sooner or later: both ends hash what they sent and what
// they got.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { resolve } from "node:path";
import { serve } from "gonet/gateway";
import { Chaos, type Cut } from "../src/testing/chaos.js";
import { form, isLong } from "../src/testing/long.js";
import { roomy } from "../src/testing/plainpeer.js";
import { expect, test } from "./fixtures.js";
import { startSite } from "./site.js";

type Gonet = typeof import("gonet");
type Hashes = typeof import("@noble/hashes/sha2.js");

const mebibyte = 1 << 20;
const streams = 4;
// The long form (GONET_LONG=1) moves 256 MiB each way; through the debugging protocol that takes minutes.
const total = (isLong ? 256 : 32) * mebibyte; // each way, over all streams
const each = total / streams;
const cuts = 20;
const kinds: readonly Cut[] = ["reset", "end", "halfOpen", "deaf", "blackhole"];
const seed = Number(process.env["GONET_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const arrivedMs = 1_000; // what had passed before a cut was read by then: it would be a sign of life
const pieceBytes = 256 * 1024;
const hashChars = 64;

// serveTarget sends each stream's bytes, hashes what comes, and its last words are both hashes.
async function serveTarget(socket: Socket): Promise<void> {
  socket.on("error", () => {}); // the page's test fails by itself
  const [came, went] = [createHash("sha256"), createHash("sha256")];
  socket.on("data", (data) => came.update(data));
  const ended = new Promise((done) => socket.once("end", done).once("close", done));
  const block = Buffer.alloc(pieceBytes + 1);
  for (let i = 0; i < block.length; i++) block[i] = (i * 31) ^ (i >> 7) ^ (socket.remotePort as number);
  for (let left = each; left > 0; ) {
    const piece = block.subarray(left % 251, (left % 251) + Math.min(left, pieceBytes - 255));
    left -= piece.length;
    went.update(piece);
    if (socket.destroyed) return; // the idle one reads little
    if (!socket.write(piece)) await roomy(socket);
  }
  await ended;
  socket.end(came.digest("hex") + went.digest("hex"));
}

test(`${total / mebibyte} MiB each way over ${cuts} broken links: equal hashes, no stream lost${form}`, async ({
  page,
}) => {
  test.setTimeout(isLong ? 900_000 : 240_000);
  console.log(`bulk: GONET_SEED=${seed}`);
  const chaos = await Chaos.start(seed);
  const folders = {
    "/": resolve(import.meta.dirname, "pages"),
    "/dist/": resolve(import.meta.dirname, "../dist"),
    "/noble/": resolve(import.meta.dirname, "../node_modules/@noble/hashes"),
  };
  const site = await startSite(folders);
  const gateway = await serve({
    webRoot: null,
    origins: [site.origin],
    hosts: [`127.0.0.1:${chaos.port}`],
  });
  chaos.target = Number(new URL(gateway.url).port);
  const url = new URL(gateway.url);
  url.port = String(chaos.port);
  const server = createServer({ allowHalfOpen: true }, (socket) => void serveTarget(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  // Cuts come after so many bytes, whenever that is: one in each twentieth of all bytes.
  const made: Cut[] = [];
  let carried = 0; // by links that are gone
  let next = 0;
  const plan = (): void => {
    next = ((made.length + 0.1 + 0.8 * chaos.random.below(1000) * 1e-3) * 2 * total) / (cuts + 1);
  };
  plan();
  chaos.onPass = (through) => {
    if (through.isCut || made.length >= cuts || carried + through.bytes < next) return;
    carried += through.bytes;
    const how = kinds[made.length % kinds.length] as Cut;
    made.push(how);
    plan();
    through.cut(how);
    // A page that is told that the network is back asks for a sign of life, and need not wait for half a minute.
    if (how === "deaf" || how === "blackhole") {
      setTimeout(() => {
        void page.evaluate(() => dispatchEvent(new Event("online"))).catch(() => {}); // the test is over
      }, arrivedMs);
    }
    if (how === "halfOpen" || how === "deaf") setTimeout(() => through.release(), chaos.random.below(100));
  };

  await page.goto(`${site.origin}/blank.html`);
  const seen = await page.evaluate(
    async ({ url, token, port, each, streams, hashChars, pieceBytes }) => {
      const { connect } = (await import("/dist/index.js" as string)) as Gonet;
      const { sha256 } = (await import("/noble/sha2.js" as string)) as Hashes;
      const net = await connect(url, { token, redialMs: [0, 50] });
      let resumes = 0;
      let lost = 0;
      let wasDetached = false;
      net.session.watch(({ state }) => {
        if (state === "attached" && wasDetached) resumes++;
        if (state === "lost") lost++;
        wasDetached = state === "detached";
      });
      const idle = await net.Dial("tcp", `127.0.0.1:${port}`); // it is there all the time, and writes at the end
      const hex = (b: Uint8Array): string => [...b].map((n) => n.toString(16).padStart(2, "0")).join("");
      const one = async (number: number): Promise<{ up: boolean; down: boolean }> => {
        const c = await net.Dial("tcp", `127.0.0.1:${port}`);
        const [went, came] = [sha256.create(), sha256.create()];
        const piece = new Uint8Array(pieceBytes);
        for (let i = 0; i < piece.length; i++) piece[i] = (i * 17) ^ (i >> 9) ^ number;
        const writing = (async () => {
          for (let left = each; left > 0; ) {
            piece[left % 4096] = left;
            const b = piece.subarray(0, Math.min(left, pieceBytes - (left % 1000)));
            went.update(b);
            await c.Write(b);
            left -= b.length;
          }
          await c.CloseWrite();
        })();
        const buffer = new Uint8Array(pieceBytes);
        for (let left = each; left > 0; ) {
          const n = await c.Read(buffer.subarray(0, Math.min(left, buffer.length)));
          came.update(buffer.subarray(0, n));
          left -= n;
        }
        await writing;
        const words = new TextDecoder().decode(await net.io.ReadAll(c));
        await c.Close();
        return {
          up: words.slice(0, hashChars) === hex(went.digest()),
          down: words.slice(hashChars) === hex(came.digest()),
        };
      };
      const all = await Promise.all(Array.from({ length: streams }, (_, i) => one(i)));
      const { state } = net.session.status;
      const before = lost; // closing it is an end, too
      await idle.Write(new TextEncoder().encode("still here"));
      const first = new Uint8Array(1000);
      await net.io.ReadFull(idle, first);
      await idle.Close();
      await net.session.close();
      return { all, resumes, lost: before, state };
    },
    { url: url.href, token: gateway.token, port, each, streams, hashChars, pieceBytes },
  );
  console.log(`${made.length} cuts, ${seen.resumes} resumes, ${chaos.made} links`);
  expect(seen.all).toEqual(Array(streams).fill({ up: true, down: true }));
  expect({ lost: seen.lost, state: seen.state }).toEqual({ lost: 0, state: "attached" });
  expect(made).toHaveLength(cuts);
  // A machine that is busy may find links dead that were not, besides.
  expect(seen.resumes).toBeGreaterThanOrEqual(cuts);
  await gateway.close();
  await chaos.close();
  await site.close();
  server.close();
});
