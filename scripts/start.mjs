// npm start: sets up what is missing and runs the gateway in this very process, so that signals, the exit code and the
// terminal are the gateway's own. What follows `--` goes to it: npm start -- --listen 127.0.0.1:9000
import { createServer } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gatewayBuilds } from "./builds.mjs";
import { main, root } from "./process.mjs";
import { setup } from "./setup.mjs";

/** The address to listen on if nobody says otherwise; if the port is taken, the system chooses one. */
const host = "127.0.0.1";
const port = 8080;

/**
 * free reports whether the port can be listened on now.
 * @returns {Promise<boolean>}
 */
function free() {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** @param {readonly string[]} args */
async function withListen(args) {
  // A configuration file may say where to listen, too.
  const said = args.some((arg) => /^--(listen|config)(=|$)/.test(arg));
  return said ? args : ["--listen", `${host}:${(await free()) ? port : 0}`, ...args];
}

await main(async () => {
  await setup({ builds: gatewayBuilds });
  const program = join(root, "dist/gateway/main.js");
  const args = await withListen(process.argv.slice(2));
  process.argv = [process.execPath, program, "serve", ...args];
  await import(pathToFileURL(program).href);
});
