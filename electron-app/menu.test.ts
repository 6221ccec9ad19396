import type { MenuItemConstructorOptions } from "electron";
import { expect, test } from "vitest";
import { aboutOptions } from "./about.js";
import { menuTemplate } from "./menu.js";

const submenu = (item: MenuItemConstructorOptions | undefined): MenuItemConstructorOptions[] =>
  (item?.submenu ?? []) as MenuItemConstructorOptions[];

test("the menu's own items do what they say", () => {
  const done: string[] = [];
  const actions = {
    newWindow: () => done.push("window"),
    openDocumentation: () => done.push("documentation"),
  };
  const menu = menuTemplate(actions, { isMac: false, isDeveloping: false });
  for (const item of menu.flatMap(submenu)) item.click?.({} as never, undefined, {} as never);
  expect(done).toEqual(["window", "documentation"]);
});

test("quit and about are where the system wants them, developer tools only for developers", () => {
  const actions = { newWindow() {}, openDocumentation() {} };
  const roles = (isMac: boolean, isDeveloping: boolean) => {
    const menu = menuTemplate(actions, { isMac, isDeveloping });
    return [...menu, ...menu.flatMap(submenu)].map(({ role }) => role);
  };
  expect(roles(false, false)).toEqual(expect.arrayContaining(["quit", "about", "editMenu", "reload"]));
  expect(roles(false, false)).not.toContain("toggleDevTools");
  expect(roles(false, true)).toContain("toggleDevTools");
  expect(roles(true, false)).toContain("appMenu");
  expect(roles(true, false)).not.toContain("quit");
});

test("about names the versions that the app is made of", () => {
  expect(aboutOptions("1.2.3", { electron: "45.4.1", chrome: "150", node: "24" })).toMatchObject({
    applicationVersion: "1.2.3",
    version: "Electron 45.4.1, Chromium 150, Node.js 24",
  });
});
