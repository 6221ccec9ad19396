// The tools page: the token out of the address first, then the page.

import { liveRegions } from "./parts/live.js";
import { Session } from "./session.js";
import { Shell } from "./shell.js";
import { tokenInHash } from "./token.js";
import { tools } from "./tools/index.js";

// takeToken erases the token from the address bar and the history, and returns it.
function takeToken(): string | null {
  const { token, isPresent, rest } = tokenInHash(location.hash);
  if (isPresent) {
    history.replaceState(null, "", `${location.pathname}${location.search}${rest}`);
  }
  return token;
}

const token = takeToken();
const session = new Session();
const { element: regions, announce } = liveRegions();
const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]")?.href ?? "";
const shell = new Shell(tools, session, announce, icon);
document.body.append(regions, shell.element);
session.onChange();
shell.show(location.hash);
if (token !== null) {
  session.use(token);
}

addEventListener("hashchange", () => {
  // The printed address may be pasted into a page that is open already.
  const pasted = takeToken();
  if (pasted !== null) {
    session.use(pasted);
  }
  shell.show(location.hash);
});
