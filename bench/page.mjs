// The client in a page: it fetches what to do and reports by fetch, because a browser that is watched through its debugging
// protocol has slow WebSockets.
import { gonetWay, webSocketWay } from "./ways.mjs";
import { bulk, dials, latency } from "./work.mjs";

/** @type {Map<string, import("./work.mjs").Way>} */
const ways = new Map();

const pause = () => new Promise((resolve) => setTimeout(resolve));

/** @type {Record<string, (...args: any[]) => Promise<unknown>>} */
const jobs = {
  /** @param {Record<string, { url: string, token?: string, module?: string }>} places */
  async start(places) {
    for (const [name, { url, token, module }] of Object.entries(places)) {
      if (module === undefined) {
        ways.set(
          name,
          webSocketWay((to) => new WebSocket(to), url, pause),
        );
        continue;
      }
      const { connect } = await import(module);
      ways.set(name, gonetWay(await connect(url, { token })));
    }
  },
  bulk: (name, job) => bulk(way(name), job),
  latency: (name, job) => latency(way(name), job),
  dials: (name, job) => dials(way(name), job),
};

/**
 * @param {string} name
 * @returns {import("./work.mjs").Way}
 */
function way(name) {
  const found = ways.get(name);
  if (found === undefined) throw new Error(`no way ${name}`);
  return found;
}

for (;;) {
  const { job, args } = await (await fetch("/next", { method: "POST" })).json();
  /** @type {{ value?: unknown, error?: string }} */
  let result;
  try {
    result = { value: await jobs[job]?.(...args) };
  } catch (err) {
    result = { error: err instanceof Error ? `${err.message}\n${err.stack}` : String(err) };
  }
  await fetch("/done", { method: "POST", body: JSON.stringify(result) });
}
