// What a newcomer, who has no target in mind, can dial: the page's own server is there in any case.

import { JoinHostPort } from "gonet";
import { el } from "../dom.js";
import { formatRoute } from "../route.js";

const known = "example.com:80";

/** firstTry is a notice with targets as links, and what to say to them. */
export function firstTry(): HTMLElement {
  // The desktop app has the page from itself, where nobody can dial to.
  const host = location.hostname.replace(/^\[(.*)\]$/, "$1");
  const own = location.protocol === "http:" ? JoinHostPort(host, location.port || "80") : null;
  const links = [own, known]
    .filter((address) => address !== null)
    .map((address) =>
      el("li", {}, el("a", { href: formatRoute({ tool: "tcp", params: { target: address } }) }, address)),
    );
  const what =
    own === null ? "It is a web server." : "Both are web servers; the first is where this page came from.";
  return el(
    "div",
    { class: "recent" },
    el("h3", {}, "For a first try"),
    el("ul", {}, ...links),
    el(
      "p",
      {},
      `${what} Choose, press Connect, and send `,
      el("kbd", {}, "GET / HTTP/1.0"),
      " and then an empty line.",
    ),
  );
}
