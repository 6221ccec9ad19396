// The gateway's process: it serves sessions over the ports that the main process hands it, and nothing else. Electron
// starts it as a utility process.

import { newLog } from "../gateway/log.js";
import { Sessions } from "../gateway/sessions.js";
import { loadAddon } from "../native/index.js";
import type { FromGateway } from "./channels.js";
import { Ports } from "./ports.js";

// A page that was left does not come back: a new one starts anew. What the old one had is closed after this; a page that
// only lost its port has found another by then.
const leaveMs = 500;

const parent = process.parentPort;
const tell = (message: FromGateway): void => parent.postMessage(message);

function serve(): void {
  loadAddon(); // to hear early if there is none
  const sessions = new Sessions({ limits: { leaveMs }, log: newLog({ level: "warn" }) });
  const ports = new Ports(sessions);
  parent.on("message", ({ data, ports: sent }) => {
    if (ports.handle(data, sent)) return;
    void sessions.close().then(() => process.exit(0));
  });
  tell({ type: "ready" });
}

try {
  serve();
} catch (err) {
  tell({ type: "unusable", reason: err instanceof Error ? err.message : String(err) });
}
