// The tools page from the app's own scheme, app://gonet/: the files below one folder and nothing else. The page has no
// network at all, only its port, and its content security policy says so.

import { readFile, realpath } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { pageHeaders } from "../gateway/headers.js";
import { host, scheme } from "./origin.js";

/** privileges are what Electron is told of the scheme before anything else. */
export const privileges = {
  scheme,
  privileges: {
    standard: true, // so that it has an origin, and relative addresses
    secure: true, // so that the page has WebCrypto
    supportFetchAPI: false,
    corsEnabled: false,
    allowServiceWorkers: false,
    bypassCSP: false,
    stream: false,
  },
};

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
  ".md": "text/plain; charset=utf-8",
};

/** answerFrom gives the function that answers requests with the files below root. */
export function answerFrom(root: string): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") return refuse(405);
    const path = pathOf(request.url);
    if (path === null) return refuse(404);
    const type = types[extname(path)];
    const body = type === undefined ? null : await fileAt(root, path);
    if (body === null || type === undefined) return refuse(404);
    return new Response(request.method === "HEAD" ? null : new Uint8Array(body), {
      headers: { ...headers, "Content-Type": type, "Content-Length": String(body.byteLength) },
    });
  };
}

const headers = { ...pageHeaders("'none'"), "Cache-Control": "no-cache" };

function refuse(status: number): Response {
  return new Response(null, { status, headers });
}

// pathOf is the path of a file of ours, as it may be: no way up, no hidden file, nothing a file system could read in two
// ways. null if it is another.
function pathOf(url: string): string | null {
  const { protocol, host: its, pathname } = new URL(url);
  if (protocol !== `${scheme}:` || its !== host) return null;
  if (pathname === "/") return "index.html";
  return /^(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/.test(pathname) ? pathname.slice(1) : null;
}

// fileAt reads a file below root; null if there is none, or a link leads out.
async function fileAt(root: string, path: string): Promise<Buffer | null> {
  try {
    const inside = await realpath(root);
    const real = await realpath(join(inside, path));
    return real.startsWith(inside + sep) ? await readFile(real) : null;
  } catch {
    return null;
  }
}
