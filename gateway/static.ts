// The files of the tools page, and the headers that go with everything we answer.
import { realpathSync } from "node:fs";
import { realpath } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { sep } from "node:path";
import { pipeline } from "node:stream/promises";
import send from "@fastify/send";
import { pageHeaders } from "./headers.js";

// hashedFolder holds files whose name changes with their content (the build sees to it), so they never go stale.
const hashedFolder = "/assets/";
const hashedMaxAgeMs = 365 * 24 * 3600 * 1000;

// securityHeaders are on every answer. host is the Host of the request once it was checked, else null: newer browsers
// count the WebSocket of the same host as `'self'`, the others must have it named.
export function securityHeaders(host: string | null): Record<string, string> {
  return pageHeaders(host === null ? "'self'" : `'self' ws://${host} wss://${host}`);
}

// Outcome is what became of a request for a file: it was sent, or the status to answer with.
export type Outcome = "sent" | 400 | 404 | 416;

// Files serves the files below one folder, and nothing else: no listing, no dot file, nothing a symbolic link reaches
// outside of it.
export class Files {
  readonly #root: string;

  // constructor throws if there is no folder at root.
  constructor(root: string) {
    this.#root = realpathSync(root);
  }

  // serve answers a GET or HEAD for path, still percent-encoded, with headers besides the file's own. If it returns a
  // status, nothing was written.
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    headers: Record<string, string>,
  ): Promise<Outcome> {
    // Several ranges in one request have no use here and are a way to ask for a file many times over.
    if (request.headers.range?.includes(",")) return 416;
    const isHashed = path.startsWith(hashedFolder);
    const found = await send(request, path, {
      root: this.#root,
      dotfiles: "ignore",
      cacheControl: isHashed,
      immutable: isHashed,
      maxAge: hashedMaxAgeMs,
      onFile: (file) => this.#stayInside(file),
    }).catch((err: unknown) => {
      if (err instanceof OutsideError) return null;
      throw err;
    });
    if (found?.type !== "file") {
      found?.stream.destroy();
      if (found?.statusCode === 400 || found?.statusCode === 416) return found.statusCode;
      return 404; // missing, forbidden or a folder: a stranger need not know which
    }
    const caching = isHashed ? {} : { "Cache-Control": "no-cache" };
    response.writeHead(found.statusCode, { ...caching, ...found.headers, ...headers });
    try {
      await pipeline(found.stream, response);
    } catch {
      // The reader went away or the file did; pipeline has destroyed both ends, and there is nobody to tell.
    }
    return "sent";
  }

  async #stayInside(file: string): Promise<void> {
    const real = await realpath(file);
    if (!real.startsWith(this.#root + sep)) throw new OutsideError();
  }
}

class OutsideError extends Error {}
