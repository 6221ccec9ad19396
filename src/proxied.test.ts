// N20: a real nginx in front, which ends connections that are silent for too long.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { serve } from "../gateway/index.js";
import type { Net } from "./connect.js";
import { connect } from "./node.js";
import { program, whyNoProgram } from "./testing/debian.js";
import { form, isLong } from "./testing/long.js";
import { freePort, later, listening, listens, sleep, text, tidy, utf8 } from "./testing/place.js";

const reason = whyNoProgram("nginx", "nginx-light");

// nginx has 60 s for this if it is not told otherwise, and gateways ask every 15 s.
const readTimeout = isLong ? "" : "proxy_read_timeout 2s;";
const pingMs = isLong ? 15_000 : 500;
const idleMs = isLong ? 600_000 : 5_000;

afterEach(tidy);

// behindNginx is a client of a gateway with these limits, by way of nginx with this setting.
async function behindNginx(limits: { pingMs: number }, setting: string): Promise<Net> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "gonet-nginx-"));
  later(() => rmSync(folder, { recursive: true }));
  const gateway = await serve({ webRoot: null, limits, hosts: [`127.0.0.1:${port}`] });
  later(() => gateway.close());
  mkdirSync(join(folder, "tmp"));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `  ${kind}_temp_path ${folder}/tmp/${kind};\n`,
  );
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr;
events {}
http {
  access_log off;
${temporary.join("")}  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${new URL(gateway.url).port};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      ${setting}
    }
  }
}
`,
  );
  const nginx: ChildProcess = spawn(
    program("nginx") as string,
    ["-p", folder, "-e", "stderr", "-c", join(folder, "nginx.conf")],
    { stdio: "ignore" },
  );
  const ended = once(nginx, "exit");
  later(async () => {
    nginx.kill("SIGKILL");
    await ended;
  });
  await listens(port);
  const net = await connect(`ws://127.0.0.1:${port}`, { token: gateway.token });
  later(() => net.session.close());
  return net;
}

describe.skipIf(reason !== "")(`behind nginx${reason && ` (${reason})`}`, () => {
  test(`N20: a session that is idle for ${idleMs / 1000} s, longer than nginx would wait, keeps its link${form}`, {
    timeout: idleMs + 60_000,
  }, async () => {
    const net = await behindNginx({ pingMs }, readTimeout);
    const { address } = await listening((socket) => socket.pipe(socket));
    const c = await net.Dial("tcp", address);
    const states: string[] = [];
    net.session.watch(({ state }) => states.push(state));
    const heard = net.session.status.lastHeard as number;
    await sleep(idleMs);
    expect(states).toEqual([]);
    // Nothing was said but by the gateway, of its own.
    expect(net.session.status.lastHeard as number).toBeGreaterThan(heard + idleMs / 2);
    await c.Write(utf8("x"));
    const b = new Uint8Array(1);
    await c.Read(b);
    expect(text(b)).toBe("x");
    await c.Close();
  });

  test("N20: one whose gateway asks too seldom loses its link to nginx, and goes on over another", {
    timeout: 60_000,
  }, async () => {
    const net = await behindNginx({ pingMs: 60_000 }, "proxy_read_timeout 1s;");
    const states: string[] = [];
    const { address } = await listening((socket) => socket.pipe(socket));
    const c = await net.Dial("tcp", address);
    net.session.watch(({ state }) => states.push(state));
    await expect.poll(() => states.slice(0, 2), { timeout: 20_000 }).toEqual(["detached", "attached"]);
    await c.Write(utf8("x"));
    await c.Read(new Uint8Array(1));
    await c.Close();
  });
});
