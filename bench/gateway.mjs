// The gateway that is measured, as a program would start it. Its argument is the file of the built library.
import { pathToFileURL } from "node:url";
import { answer, memory, usage } from "./child.mjs";

const [file = ""] = process.argv.slice(2);
const { serve } = await import(pathToFileURL(file).href);

answer({
  /** @param {string} origin whose pages may connect */
  async start(origin) {
    const gateway = await serve({ origins: [origin], webRoot: null });
    return { url: gateway.url, token: gateway.token };
  },
  usage,
  memory,
});
