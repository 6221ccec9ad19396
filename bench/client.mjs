// The client in Node: gonet over ws, bare ws, and node:net straight to the target.
import { connect as connectTCP } from "node:net";
import { pathToFileURL } from "node:url";
import { WebSocket } from "ws";
import { answer, usage } from "./child.mjs";
import { gonetWay, Tally, webSocketWay } from "./ways.mjs";
import { bulk, dials, latency } from "./work.mjs";

/** @typedef {import("./work.mjs").Way} Way */

/** @type {Map<string, Way>} */
const ways = new Map();

/** @type {Way} */
const directWay = {
  open: (port) =>
    new Promise((resolve, reject) => {
      const socket = connectTCP({ port, host: "127.0.0.1", noDelay: true });
      const tally = new Tally();
      socket.on("data", (b) => tally.add(b.length));
      socket.on("error", reject);
      socket.on("connect", () =>
        resolve({
          async send(b) {
            if (!socket.write(b)) await new Promise((drained) => socket.once("drain", drained));
          },
          take: (n) => tally.take(n),
          close: () => socket.destroy(),
        }),
      );
    }),
};

const pause = () => new Promise((resolve) => setImmediate(resolve));

/**
 * @param {string} name
 * @returns {Way}
 */
function way(name) {
  const found = ways.get(name);
  if (found === undefined) throw new Error(`no way ${name}`);
  return found;
}

/** @type {{ open: any[] }} */
const idle = { open: [] };

answer({
  /** @param {Record<string, { url: string, token?: string, file?: string }>} places */
  async start(places) {
    ways.set("direct", directWay);
    for (const [name, { url, token, file }] of Object.entries(places)) {
      if (file === undefined) {
        const make = (/** @type {string} */ to) => new WebSocket(to, { perMessageDeflate: false });
        ways.set(name, webSocketWay(make, url, pause));
        continue;
      }
      const { connect } = await import(pathToFileURL(file).href);
      ways.set(name, gonetWay(await connect(url, { token })));
    }
  },
  async bulk(name, job) {
    const before = usage().cpuMicros;
    const done = await bulk(way(name), job);
    return { ...done, cpuMicros: usage().cpuMicros - before };
  },
  latency: (name, job) => latency(way(name), job),
  dials: (name, job) => dials(way(name), job),
  /** idleConnections opens connections that say nothing, until release. */
  async idleConnections(/** @type {string} */ name, /** @type {number} */ port, /** @type {number} */ count) {
    while (idle.open.length < count) idle.open.push(await way(name).open(port));
  },
  /** idleSessions opens sessions without a connection, until release. */
  async idleSessions(
    /** @type {{ url: string, token: string, file: string }} */ place,
    /** @type {number} */ count,
  ) {
    const { connect } = await import(pathToFileURL(place.file).href);
    while (idle.open.length < count) {
      const net = await connect(place.url, { token: place.token });
      idle.open.push({ close: () => net.session.close() });
    }
  },
  async release() {
    for (const one of idle.open.splice(0)) await one.close();
  },
});
