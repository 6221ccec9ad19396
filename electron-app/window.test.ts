import { afterEach, describe, expect, test, vi } from "vitest";
import { DoubleContents } from "./testing/doubles.js";
import { guard, isExternal, type Permissions, restrict, windowOptions } from "./window.js";

afterEach(() => vi.useRealTimers());

test("E01: what a window's page may do is written out, and is little", () => {
  expect(windowOptions("/app/preload.cjs").webPreferences).toMatchObject({
    preload: "/app/preload.cjs",
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
  });
});

/** guarded is a double of web contents that is guarded, and what was opened outside. */
function guarded(): { contents: DoubleContents; opened: string[] } {
  const contents = new DoubleContents();
  const opened: string[] = [];
  guard(contents, (url) => opened.push(url));
  return { contents, opened };
}

const click = (contents: DoubleContents): boolean => contents.emit("input-event", {}, { type: "mouseDown" });

describe("E05: navigation", () => {
  test.each(["app://gonet/", "app://gonet/#/tcp?target=localhost:80"])("%s is the app's own page", (url) => {
    const { contents } = guarded();
    expect(contents.prevented("will-navigate", { url })).toBe(false);
    expect(contents.prevented("will-frame-navigate", { url, isMainFrame: true })).toBe(false);
  });

  test.each([
    "https://evil.test/",
    "http://127.0.0.1:8080/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "blob:app://gonet/0",
    "about:blank",
    "app://other/",
    "app://gonet",
    "app://gonet.evil.test/",
    "app://gonet@evil.test/",
    "app://gonet/assets/index.js",
    "app://gonet/?x",
    "APP://gonet/",
    " app://gonet/",
    "",
  ])("to %j is stopped", (url) => {
    const { contents, opened } = guarded();
    click(contents);
    expect(contents.prevented("will-navigate", { url })).toBe(true);
    expect(contents.prevented("will-redirect", { url })).toBe(true);
    expect(contents.prevented("will-frame-navigate", { url, isMainFrame: true })).toBe(true);
    expect(opened).toEqual([]);
  });

  test("E04: a frame goes nowhere, not even to the app's page, and there is no webview", () => {
    const { contents } = guarded();
    expect(contents.prevented("will-frame-navigate", { url: "app://gonet/", isMainFrame: false })).toBe(true);
    expect(contents.prevented("will-attach-webview")).toBe(true);
  });
});

describe("E06: links to elsewhere", () => {
  test("are opened outside if they are https and were clicked, once for each click; never in a window", () => {
    const { contents, opened } = guarded();
    const open = (url: string) => contents.onOpen?.({ url });
    expect(open("https://ok.test/")).toEqual({ action: "deny" });
    expect(opened).toEqual([]);
    click(contents);
    expect(open("https://ok.test/")).toEqual({ action: "deny" });
    expect(open("https://ok.test/again")).toEqual({ action: "deny" });
    expect(opened).toEqual(["https://ok.test/"]);
  });

  test("a click is forgotten soon, and moving the mouse is none", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const { contents, opened } = guarded();
    click(contents);
    vi.advanceTimersByTime(1_001);
    contents.onOpen?.({ url: "https://ok.test/" });
    contents.emit("input-event", {}, { type: "mouseMove" });
    contents.onOpen?.({ url: "https://ok.test/" });
    expect(opened).toEqual([]);
  });

  test.each([
    ["https://ok.test/path?x#y", true],
    ["http://ok.test/", false],
    ["file:///etc/passwd", false],
    ["smb://host/share", false],
    ["javascript:alert(1)", false],
    ["ms-msdt:/id PCWDiagnostic", false],
    ["https:evil", true], // a browser reads it as https://evil/, and so does the system's
    ["//ok.test/", false],
    ["gonet://dial?address=a:1", false],
    ["", false],
  ])("%j may be opened outside: %s", (url, want) => {
    expect(isExternal(url)).toBe(want);
    const { contents, opened } = guarded();
    click(contents);
    contents.onOpen?.({ url });
    expect(opened.length).toBe(want ? 1 : 0);
  });
});

/** restricted is a double of a session after restrict, as the functions that it was given. */
function restricted() {
  const given: Partial<{
    request: Parameters<Permissions["setPermissionRequestHandler"]>[0];
    check: Parameters<Permissions["setPermissionCheckHandler"]>[0];
    device: () => boolean;
    load: Parameters<Permissions["webRequest"]["onBeforeRequest"]>[0];
  }> = {};
  restrict({
    setPermissionRequestHandler: (handler) => {
      given.request = handler;
    },
    setPermissionCheckHandler: (handler) => {
      given.check = handler;
    },
    setDevicePermissionHandler: (handler) => {
      given.device = handler;
    },
    webRequest: {
      onBeforeRequest: (listener) => {
        given.load = listener;
      },
    },
  });
  return {
    asks: (permission: string) => {
      let answer: boolean | undefined;
      given.request?.(null, permission, (granted) => {
        answer = granted;
      });
      return answer;
    },
    has: (permission: string, origin: string) => given.check?.(null, permission, origin),
    device: () => given.device?.(),
    cancels: (url: string) => {
      let answer: boolean | undefined;
      given.load?.({ url }, ({ cancel }) => {
        answer = cancel;
      });
      return answer;
    },
  };
}

describe("E07: permissions", () => {
  test.each([
    "media",
    "geolocation",
    "clipboard-read",
    "usb",
    "hid",
    "serial",
    "local-network",
    "local-network-access",
    "loopback-network",
    "notifications",
    "openExternal",
    "fullscreen",
    "midi",
    "display-capture",
    "fileSystem",
    "unknown",
  ])("%s is denied", (permission) => {
    expect(restricted().asks(permission)).toBe(false);
    expect(restricted().has(permission, "app://gonet")).toBe(false);
  });

  test("writing to the clipboard is allowed, to the app's page", () => {
    expect(restricted().asks("clipboard-sanitized-write")).toBe(true);
    expect(restricted().has("clipboard-sanitized-write", "app://gonet")).toBe(true);
    expect(restricted().has("clipboard-sanitized-write", "https://evil.test")).toBe(false);
    expect(restricted().device()).toBe(false);
  });

  test.each([
    ["app://gonet/assets/index.js", false],
    ["blob:app://gonet/0f", false],
    ["data:image/svg+xml,x", false],
    ["https://evil.test/", true],
    ["ws://127.0.0.1:8080/", true],
    ["app://other/", true],
    ["file:///etc/passwd", true],
  ])("a request for %s is cancelled: %s", (url, want) => {
    expect(restricted().cancels(url)).toBe(want);
  });
});
