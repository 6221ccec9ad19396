import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import send from "@fastify/send";

/** Site is a running static server. */
export interface Site {
  /** origin is where its pages are, as a browser writes it in the Origin header. */
  readonly origin: string;
  close(): Promise<void>;
}

/**
 * startSite serves folders on a free port of the loopback address: each key is the path under which a folder is seen,
 * with a slash at its end, and the longest that fits wins. If a policy is given, every answer carries it as its
 * Content-Security-Policy.
 */
export async function startSite(folders: Record<string, string>, policy?: string): Promise<Site> {
  const mounts = Object.entries(folders).sort(([a], [b]) => b.length - a.length);
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? "/").replace(/\?.*/, "");
    const mount = mounts.find(([prefix]) => path.startsWith(prefix));
    if (!mount) {
      response.writeHead(404).end();
      return;
    }
    const [prefix, root] = mount;
    const { statusCode, headers, stream } = await send(request, path.slice(prefix.length - 1), {
      root,
      cacheControl: false,
    });
    response.writeHead(statusCode, {
      ...headers,
      "Cache-Control": "no-store",
      ...(policy ? { "Content-Security-Policy": policy } : {}),
    });
    stream.pipe(response);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((err: unknown) => response.writeHead(500).end(String(err)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
