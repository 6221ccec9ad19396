// The menu, as data; Electron makes the real one of it.

import type { MenuItemConstructorOptions } from "electron";

/** MenuActions is what the menu's own items do. */
export interface MenuActions {
  newWindow(): void;
  openDocumentation(): void;
}

export interface MenuOptions {
  readonly isMac: boolean;
  /** isDeveloping adds the developer tools. */
  readonly isDeveloping: boolean;
}

/** menuTemplate is the whole menu. */
export function menuTemplate(
  actions: MenuActions,
  { isMac, isDeveloping }: MenuOptions,
): MenuItemConstructorOptions[] {
  const separator: MenuItemConstructorOptions = { type: "separator" };
  const about: MenuItemConstructorOptions = { role: "about" };
  return [
    ...(isMac ? [{ role: "appMenu" } as const] : []),
    {
      label: "File",
      submenu: [
        { label: "New Window", accelerator: "CmdOrCtrl+N", click: () => actions.newWindow() },
        separator,
        { role: "close" },
        ...(isMac ? [] : [{ role: "quit" } as const]),
      ],
    },
    { role: "editMenu" },
    {
      label: "View",
      submenu: [
        { role: "reload" },
        separator,
        { role: "resetZoom" },
        { role: "zoomIn" },
        { role: "zoomOut" },
        separator,
        { role: "togglefullscreen" },
        ...(isDeveloping ? [{ role: "toggleDevTools" } as const] : []),
      ],
    },
    { role: "windowMenu" },
    {
      role: "help",
      submenu: [
        { label: "Documentation of Go's package net", click: () => actions.openDocumentation() },
        ...(isMac ? [] : [separator, about]),
      ],
    },
  ];
}
