// What a screen reader says by itself: two regions that are there from the start, as live regions have to be.

import { el } from "../dom.js";

/** Announce says text; "assertive" interrupts what is being said. */
export type Announce = (text: string, urgency?: "polite" | "assertive") => void;

/** liveRegions makes the regions and the function that fills them. */
export function liveRegions(): { readonly element: HTMLElement; readonly announce: Announce } {
  const polite = el("div", { role: "status", "aria-live": "polite" });
  const assertive = el("div", { role: "alert", "aria-live": "assertive" });
  return {
    element: el("div", { class: "unseen" }, polite, assertive),
    announce: (text, urgency = "polite") => {
      const region = urgency === "assertive" ? assertive : polite;
      // The same text twice is said twice only if the region was empty in between.
      region.textContent = "";
      requestAnimationFrame(() => {
        region.textContent = text;
      });
    },
  };
}
