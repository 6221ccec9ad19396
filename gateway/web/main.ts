// The tools page: the token out of the address first, then the page.

import { liveRegions } from "./parts/live.js";
import { Session } from "./session.js";
import { Shell } from "./shell.js";
import { tokenInHash } from "./token.js";
import { tools } from "./tools/index.js";

// enter takes the token out of a fragment: it is erased from the address bar and the history, and returned with the
// rest of the fragment.
function enter(hash: string): { token: string | null; rest: string } {
  const { token, isPresent, rest } = tokenInHash(hash);
  if (isPresent) {
    history.replaceState(null, "", `${location.pathname}${location.search}${rest}`);
  }
  return { token, rest };
}

const { token, rest } = enter(location.hash);
const session = new Session();
const { element: regions, announce } = liveRegions();
const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]")?.href ?? "";
const shell = new Shell(tools, session, announce, icon);
document.body.append(regions, shell.element);
go(token, rest);
session.onChange();
if (!session.takesToken) {
  session.connect();
}

function go(given: string | null, hash: string): void {
  shell.show(hash);
  if (given !== null && session.takesToken) {
    session.use(given);
  }
}

addEventListener("hashchange", (event) => {
  // The printed address may be pasted into a page that is open already.
  const entered = enter(new URL(event.newURL).hash);
  go(entered.token, entered.rest);
});
