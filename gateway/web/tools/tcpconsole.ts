// TCP console: dial, see what comes, type what goes. Several at once, in tabs.

import { pageStorage, Recent } from "../parts/recent.js";
import { isTarget } from "../parts/target.js";
import { DialPanel } from "./dialpanel.js";
import { PanelTabs } from "./paneltabs.js";
import type { Tool } from "./tool.js";

const recentKey = "gonet.recent.tcp";

/** tcpConsole is the tool. */
export const tcpConsole: Tool = {
  id: "tcp",
  name: "TCP console",
  group: "Connect",
  summary: "Connect to a host and port and talk to it",
  open(context) {
    const recent = new Recent(recentKey, pageStorage(), isTarget);
    const { announce } = context;
    return new PanelTabs(context, {
      label: "Connections",
      make: (onChange) => new DialPanel({ announce, recent, onChange }),
    });
  },
};
