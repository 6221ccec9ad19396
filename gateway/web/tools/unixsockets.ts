// Unix sockets of the gateway's machine: dial and listen, in tabs.

import { recentParams } from "../parts/recentlinks.js";
import { PanelTabs } from "./paneltabs.js";
import type { Tool } from "./tool.js";
import { UnixPanel } from "./unixpanel.js";

/** unixSockets is the tool. */
export const unixSockets: Tool = {
  id: "unix",
  name: "Unix sockets",
  group: "Local",
  summary: "Talk over sockets of the gateway's machine: bytes, datagrams, records",
  open(context) {
    const recent = recentParams("unix");
    const { announce } = context;
    let accepted = 0;
    const make = (onChange: () => void): UnixPanel =>
      new UnixPanel({
        announce,
        recent,
        onChange,
        onAccept: (conn, listener) =>
          tabs.background((onChange) => {
            const panel = make(onChange);
            accepted++;
            panel.attach(conn, listener, accepted);
            return panel;
          }),
      });
    const tabs = new PanelTabs(context, { label: "Sockets", make });
    return tabs;
  },
};
