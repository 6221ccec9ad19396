// A window: what its page may do, which is little. Everything that is not said here to be allowed is denied.

import type { BrowserWindowConstructorOptions, WindowOpenHandlerResponse } from "electron";
import { Gestures } from "./gestures.js";
import { isOwn, isOwnPage } from "./origin.js";

const size = { width: 1280, height: 860, minWidth: 360, minHeight: 480 };

/** windowOptions are how every window is made. preload is the path of the preload script. */
export function windowOptions(preload: string): BrowserWindowConstructorOptions {
  return {
    ...size,
    title: "gonet",
    show: false, // until there is something to see
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      plugins: false,
      webgl: false,
      // It would fetch dictionaries from the network.
      spellcheck: false,
      // Connections go on in a window that is covered.
      backgroundThrottling: false,
    },
  };
}

/** Stoppable is an event that can be prevented. */
interface Stoppable {
  preventDefault(): void;
}

/** Contents is what is needed of a window's web contents. */
export interface Contents {
  setWindowOpenHandler(handler: (details: { url: string }) => WindowOpenHandlerResponse): void;
  on(
    event: "will-navigate" | "will-redirect",
    listener: (event: Stoppable & { url: string }) => void,
  ): unknown;
  on(
    event: "will-frame-navigate",
    listener: (event: Stoppable & { url: string; isMainFrame: boolean }) => void,
  ): unknown;
  on(event: "will-attach-webview", listener: (event: Stoppable) => void): unknown;
  on(event: "input-event", listener: (event: unknown, input: { type: string }) => void): unknown;
}

/**
 * guard keeps contents at its own page. A link to elsewhere that somebody clicks goes to openExternal, which the system's
 * browser opens, if it is https; every other way out is closed.
 */
export function guard(contents: Contents, openExternal: (url: string) => void): void {
  const gestures = new Gestures();
  contents.on("input-event", (_, { type }) => gestures.saw(type));
  contents.setWindowOpenHandler(({ url }) => {
    if (isExternal(url) && gestures.use()) openExternal(url);
    return { action: "deny" };
  });
  const stay = (event: Stoppable & { url: string }): void => {
    if (!isOwnPage(event.url)) event.preventDefault();
  };
  contents.on("will-navigate", stay);
  contents.on("will-redirect", stay);
  contents.on("will-frame-navigate", (event) => {
    if (event.isMainFrame) stay(event);
    else event.preventDefault();
  });
  contents.on("will-attach-webview", (event) => event.preventDefault());
}

/** isExternal says whether url may be given to the system to open: to a browser, and to nothing else. */
export function isExternal(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === "https:";
}

// What a page may ask for: to put text on the clipboard after a click. Reading it takes a paste, which needs no asking.
const permissions: ReadonlySet<string> = new Set(["clipboard-sanitized-write"]);

/** Permissions is what is needed of Electron's session of a window. */
export interface Permissions {
  setPermissionRequestHandler(
    handler: (contents: unknown, permission: string, answer: (granted: boolean) => void) => void,
  ): void;
  setPermissionCheckHandler(
    handler: (contents: unknown, permission: string, origin: string) => boolean,
  ): void;
  setDevicePermissionHandler(handler: () => boolean): void;
  readonly webRequest: {
    onBeforeRequest(
      listener: (details: { url: string }, answer: (response: { cancel: boolean }) => void) => void,
    ): void;
  };
}

/** restrict says what the pages of a session may have: the listed permissions, no device, and the app's own files only. */
export function restrict(session: Permissions): void {
  session.setPermissionRequestHandler((_, permission, answer) => answer(permissions.has(permission)));
  session.setPermissionCheckHandler(
    (_, permission, origin) => permissions.has(permission) && isOwn(`${origin}/`),
  );
  session.setDevicePermissionHandler(() => false);
  session.webRequest.onBeforeRequest(({ url }, answer) => answer({ cancel: !isLocal(url) }));
}

// What a page makes itself, and what the developer tools are made of, never leaves this machine either.
function isLocal(url: string): boolean {
  return isOwn(url) || /^(blob:app:\/\/gonet\/|data:|devtools:\/\/)/.test(url);
}
