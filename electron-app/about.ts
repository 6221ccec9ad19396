// What the panel "About gonet" says.

import type { AboutPanelOptionsOptions } from "electron";

export interface Versions {
  readonly electron?: string | undefined;
  readonly chrome?: string | undefined;
  readonly node?: string | undefined;
}

export function aboutOptions(
  version: string,
  { electron, chrome, node }: Versions,
): AboutPanelOptionsOptions {
  return {
    applicationName: "gonet",
    applicationVersion: version,
    version: `Electron ${electron}, Chromium ${chrome}, Node.js ${node}`,
    copyright: "Real sockets, behind Go's package net. MIT licence.",
  };
}
