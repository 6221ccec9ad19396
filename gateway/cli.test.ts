import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readArguments } from "./cli.js";
import { packageVersion } from "./home.js";
import { bundle, Child, type Program } from "./testing/child.js";
import { exchange, handshake, opened, requestText } from "./testing/rawclient.js";

let program: Program;
let folder: string;
const children: Child[] = [];

beforeAll(async () => {
  program = await bundle("doubleprogram.ts");
  folder = mkdtempSync(join(tmpdir(), "gonet-cli-"));
});

afterEach(async () => {
  for (const child of children.splice(0)) await child.end();
});

afterAll(() => {
  program.remove();
  rmSync(folder, { recursive: true, force: true });
});

function gonet(...args: string[]): Child {
  const child = new Child(program.path, args);
  children.push(child);
  return child;
}

async function started(...args: string[]): Promise<{ child: Child; port: number; token: string }> {
  const child = gonet("serve", "--listen", "127.0.0.1:0", ...args);
  const url = new URL((await child.line(/http:\S+\n/)).trim());
  return { child, port: Number(url.port), token: decodeURIComponent(url.hash.slice("#token=".length)) };
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("serve", () => {
  test("says one line on stdout: the page to open, its token in the fragment", async () => {
    const { child, port, token } = await started();
    expect(child.stdout).toBe(`gonet is ready: http://127.0.0.1:${port}/#token=${token}\n`);
    expect(Buffer.from(token, "base64url").length).toBe(32);
    expect((await exchange(port, handshake({ host: `127.0.0.1:${port}`, token }))).status).toBe(101);
  });

  // Signals closer together than this are one Ctrl-C that npm passed on.
  const echoMs = 600;

  test.each(["SIGINT", "SIGTERM"] as const)("ends with 0 after %s, sessions and all", async (signal) => {
    const { child, port, token } = await started();
    const socket = await opened(port, handshake({ host: `127.0.0.1:${port}`, token }));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await new Promise((resolve) => socket.once("data", resolve));
    const started_ = performance.now();
    child.process.kill(signal);
    expect(await child.exit).toEqual({ code: 0, signal: null });
    await closed;
    expect(performance.now() - started_).toBeLessThan(8_000);
  });

  test("ends within a second when idle", async () => {
    const { child } = await started();
    const before = performance.now();
    child.process.kill("SIGTERM");
    expect((await child.exit).code).toBe(0);
    expect(performance.now() - before).toBeLessThan(1_000);
  });

  test("ends at once, with 128 + n, after a second signal", async () => {
    for (const [signal, code] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const) {
      const { child, port, token } = await started();
      // A client that answers no close frame keeps the first signal waiting.
      const socket = await opened(port, handshake({ host: `127.0.0.1:${port}`, token }));
      await new Promise((resolve) => socket.once("data", resolve));
      child.process.kill(signal);
      await new Promise((resolve) => socket.once("data", resolve)); // the close frame: closing has begun
      child.process.kill(signal); // the echo of the first one: it counts as the same
      await new Promise((resolve) => setTimeout(resolve, echoMs));
      expect(child.process.exitCode).toBeNull();
      child.process.kill(signal);
      expect(await child.exit).toEqual({ code, signal: null });
    }
  });

  test("lives on when nobody reads its output", async () => {
    const { child, port } = await started("--log-level", "info");
    child.process.stdout?.destroy();
    child.process.stderr?.destroy();
    const host = `127.0.0.1:${port}`;
    for (let i = 0; i < 20; i++) expect((await exchange(port, handshake({ host }))).status).toBe(401);
    expect((await exchange(port, requestText("GET", "/livez", [["Host", host]]))).status).toBe(200);
    expect(child.process.exitCode).toBeNull();
  });

  test("logs refusals as JSON lines, never a token", async () => {
    const token = "secret-token-of-this-test-0123456789";
    const { child, port } = await started("--token", token, "--log-level", "trace");
    const host = `127.0.0.1:${port}`;
    const encoded = Buffer.from(token).toString("base64url");
    await exchange(port, handshake({ host, token }));
    await exchange(port, handshake({ host, token, path: `/gonet/v1/ws?token=${token}` }));
    await exchange(port, handshake({ host, token, path: `/x/${token}/${encoded}` }));
    await exchange(port, handshake({ host, token, origin: `http://${token}` }));
    await exchange(port, handshake({ host, more: [["Cookie", `t=${token}`]] }));
    child.process.kill("SIGTERM");
    await child.exit;
    const lines = child.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { msg: string; reason?: string });
    expect(lines.filter((line) => line.msg === "refused").map((line) => line.reason)).toEqual([
      "urlToken",
      "path",
      "origin",
      "noToken",
    ]);
    expect(child.stderr).not.toContain(token);
    expect(child.stderr).not.toContain(encoded);
    expect(child.stdout.split(token).length).toBe(2); // the URL to open, once
  });

  test("takes its token from a file", async () => {
    const path = file("token", "a-token-in-a-file-0123456789\nsecond line\n");
    expect((await started("--token-file", path)).token).toBe("a-token-in-a-file-0123456789");
  });

  test("the command line goes before the file", async () => {
    const path = file("gonet.toml", 'token = "from-the-file"\nlisten = "127.0.0.1:1"\nmax-sessions = 0\n');
    const { port, token } = await started("--config", path);
    expect(token).toBe("from-the-file");
    const both = file("both.toml", `token-file = "${file("token2", "from-the-token-file\n")}"\n`);
    expect((await started("--config", both)).token).toBe("from-the-token-file");
    expect((await started("--config", both, "--token", "from-the-line")).token).toBe("from-the-line");
    expect((await exchange(port, handshake({ host: `127.0.0.1:${port}`, token }))).status).toBe(503);
  });
});

describe("what cannot be", () => {
  async function fails(code: number, ...args: string[]): Promise<string> {
    const child = gonet(...args);
    expect((await child.exit).code).toBe(code);
    expect(child.stdout).toBe("");
    expect(child.stderr).toMatch(/^gonet: /);
    expect(child.stderr).not.toContain("    at ");
    return child.stderr;
  }

  test("a port that is taken: 1, and what to do", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const message = await fails(1, "serve", "--listen", `127.0.0.1:${port}`);
    expect(message).toContain(`127.0.0.1:${port} is taken`);
    server.close();
  });

  test("other than loopback without TLS: 2, and what is missing", async () => {
    expect(await fails(2, "serve", "--listen", "0.0.0.0:0")).toMatch(/trusted-proxy.*insecure-plain-http/);
    expect(await fails(2, "serve", "--listen", "[::]:0", "--trusted-proxy", "10.0.0.1")).toMatch(/host-name/);
    expect(
      await fails(2, "serve", "--listen", "192.0.2.1:0", "--insecure-plain-http", "--token", "short"),
    ).toMatch(/at least 22/);
  });

  test("wrong values: 2, with the option's name", async () => {
    expect(await fails(2, "serve", "--listen", "nowhere")).toMatch(/^gonet: listen: must be like/);
    expect(await fails(2, "serve", "--listen", "example.com:80")).toMatch(/^gonet: listen: .*host-name/);
    expect(await fails(2, "serve", "--origin", "https://app.example/")).toMatch(/^gonet: origin: /);
    expect(await fails(2, "serve", "--trusted-proxy", "10.0.0.0/33")).toMatch(/^gonet: trusted-proxy: /);
    expect(await fails(2, "serve", "--web-root", join(folder, "missing"))).toMatch(
      /^gonet: web-root: ENOENT/,
    );
    expect(await fails(2, "serve", "--token-file", join(folder, "missing"))).toMatch(
      /^gonet: token-file: ENOENT/,
    );
    expect(await fails(2, "serve", "--token", "a", "--token-file", "b")).toMatch(/only one of them/);
    expect(await fails(2, "serve", "--config", join(folder, "missing"))).toMatch(/^gonet: config: ENOENT/);
    expect(await fails(2, "serve", "--config", file("bad.toml", "a = 1\nb = = 2\n"))).toMatch(/bad\.toml:2:/);
  });

  test("an unknown command, and none: 2", async () => {
    expect(await fails(2, "fly")).toMatch(/no command "fly"/);
    expect(await fails(2)).toMatch(/gonet serve/);
  });
});

test("--help and --version answer on stdout", async () => {
  const help = gonet("--help");
  expect((await help.exit).code).toBe(0);
  expect(help.stdout).toMatch(/--trusted-proxy <address>/);
  const version = gonet("--version");
  expect((await version.exit).code).toBe(0);
  expect(version.stdout.trim()).toBe(packageVersion());
  expect(packageVersion()).toMatch(/^\d+\.\d+\.\d+/);
});

describe("readArguments", () => {
  test("collects what may be repeated, and takes both forms of an option", () => {
    const args = [
      "serve",
      "--origin",
      "https://a.example",
      "--origin=https://b.example",
      "--limit=streams=5",
    ];
    expect(readArguments([...args, "--limit", "dials=2", "--require-origin"])).toEqual({
      origin: ["https://a.example", "https://b.example"],
      limit: { streams: 5, dials: 2 },
      "require-origin": true,
    });
  });

  test.each([
    [["--colour"], "there is no option --colour; see gonet --help"],
    [["--origins", "x"], "there is no option --origins; did you mean --origin?"],
    [["--loglevel=info"], "there is no option --loglevel; did you mean --log-level?"],
    [["-x"], "there is no option -x; see gonet --help"],
    [["extra"], '"extra" is no option; see gonet --help'],
    [["--token"], "token: a value is missing"],
    [["--token", "--require-origin"], "token: a value is missing"],
    [["--token="], "token: must be a text, not empty"],
    [["--require-origin=yes"], "require-origin: takes no value"],
    [["--max-sessions", "1.5"], "max-sessions: must be a whole number, 0 or more"],
    [["--max-sessions=-1"], "max-sessions: must be a whole number, 0 or more"],
    [["--log-level", "loud"], "log-level: must be one of trace, debug, info, warn, error, fatal, silent"],
    [["--limit", "streams"], "limit: streams must be a whole number, 1 or more"],
    [["--limit", "streams=0"], "limit: streams must be a whole number, 1 or more"],
    [["--limit", "a=b=c"], 'limit: "a=b=c" is not like name=number'],
  ])("refuses %j", (args, message) => {
    expect(() => readArguments(["serve", ...args])).toThrow(message);
  });
});
