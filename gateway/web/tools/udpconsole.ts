// UDP console: send datagrams and see what comes. Several sockets at once, in tabs.

import { recentParams } from "../parts/recentlinks.js";
import { PanelTabs } from "./paneltabs.js";
import type { Tool } from "./tool.js";
import { UDPPanel } from "./udppanel.js";

/** udpConsole is the tool. */
export const udpConsole: Tool = {
  id: "udp",
  name: "UDP console",
  group: "Connect",
  summary: "Send datagrams and see what comes back",
  open(context) {
    const recent = recentParams("udp");
    const { announce } = context;
    return new PanelTabs(context, {
      label: "Sockets",
      make: (onChange) => new UDPPanel({ announce, recent, onChange }),
    });
  },
};
