// Interfaces: those of the gateway's machine, with what package net knows of each.

import * as net from "gonet";
import { button, type Child, el } from "../dom.js";
import { errorText } from "../parts/errors.js";
import { formatCount, formatTime } from "../parts/format.js";
import { Job } from "../parts/job.js";
import { copyText } from "../parts/save.js";
import { Summary } from "../parts/summary.js";
import { visibleText } from "../parts/visible.js";
import { formatRoute, type Route } from "../route.js";
import type { OpenTool, Tool, ToolContext } from "./tool.js";

// A machine full of containers has hundreds; more than these nobody reads.
const maxShown = 500;

/** interfaces is the tool. */
export const interfaces: Tool = {
  id: "interfaces",
  name: "Interfaces",
  group: "Local",
  summary: "The network interfaces of the gateway's machine, and their addresses",
  open: (context) => new Interfaces(context),
};

/** Described is one interface in words. */
interface Described {
  readonly name: string;
  readonly index: number;
  readonly flags: string;
  readonly mtu: number;
  readonly hardware: string;
  /** addresses are "192.0.2.1/24", each with what one listens on to be reached there. */
  readonly addresses: readonly (readonly [text: string, listen: string])[];
  readonly groups: readonly string[];
}

class Interfaces implements OpenTool {
  readonly element: HTMLElement;
  readonly #context: ToolContext;
  readonly #job: Job;
  readonly #copyAll = button("Copy", () => void this.#copy(), { kind: "quiet", title: "Copy all of it" });
  readonly #summary: Summary;
  readonly #list = el("ul", { class: "interfaces" });
  readonly #scroller: HTMLElement;
  #described: readonly Described[] = [];

  constructor(context: ToolContext) {
    this.#context = context;
    this.#summary = new Summary(context.announce);
    this.#job = new Job({
      start: "Refresh",
      stop: "Cancel",
      work: (signal) => this.#read(signal),
      onChange: () => this.#show(),
    });
    const form = el(
      "form",
      { class: "dial interfaces-bar" },
      this.#job.element,
      this.#summary.element,
      this.#copyAll,
    );
    this.#scroller = el(
      "div",
      { class: "interfaces-list", tabindex: 0, role: "region", "aria-label": "Interfaces" },
      this.#list,
    );
    this.element = el("div", { class: "tool" }, form, this.#scroller);
    this.#job.listen(form, this.element);
    this.#summary.show("Not read yet.");
    this.#show();
  }

  // Looking at it is asking for it, if there is a session that can be asked.
  show(): Route["params"] {
    if (this.#described.length === 0 && net.session.status.state === "attached") {
      void this.#job.run(false);
    }
    return {};
  }

  async #read(signal: AbortSignal): Promise<void> {
    this.#summary.say("Reading…");
    try {
      const all = await net.Interfaces(signal);
      this.#described = await Promise.all(all.slice(0, maxShown).map((ifi) => describe(ifi, signal)));
      const left = all.length - this.#described.length;
      const more = left === 0 ? "" : `, the first ${formatCount(maxShown)} of them below`;
      this.#summary.say(`${formatCount(all.length)} interfaces at ${formatTime(Date.now())}${more}`);
    } catch (err) {
      const { text, detail } = errorText(err);
      this.#summary.fail(text, detail);
    }
    this.#list.replaceChildren(...this.#described.map(card));
  }

  #show(): void {
    this.#copyAll.disabled = this.#described.length === 0;
  }

  async #copy(): Promise<void> {
    const text = this.#described.map(cardText).join("\n");
    const isCopied = await copyText(text, this.#list);
    this.#context.announce(isCopied ? "Copied" : "Selected: press Ctrl+C to copy");
  }
}

async function describe(ifi: net.Interface, signal: AbortSignal): Promise<Described> {
  const [addrs, groups] = await Promise.all([ifi.Addrs(signal), ifi.MulticastAddrs(signal)]);
  return {
    name: visibleText(ifi.Name),
    index: ifi.Index,
    flags: ifi.Flags.String(),
    mtu: ifi.MTU,
    hardware: ifi.HardwareAddr.String(),
    addresses: addrs.map((addr) => [addr.String(), listenAddress(addr, ifi.Name)]),
    groups: groups.map((group) => group.String()),
  };
}

// An address that is of this link alone needs the interface beside it.
function listenAddress(addr: net.Addr, name: string): string {
  const ip = addr instanceof net.IPNet ? addr.IP : null;
  if (ip === null) {
    return "";
  }
  const zone = ip.To4() === null && ip.IsLinkLocalUnicast() ? `%${name}` : "";
  return net.JoinHostPort(`${ip.String()}${zone}`, "0");
}

function card(ifi: Described): HTMLElement {
  const addresses = ifi.addresses.map(([text, listen]) =>
    el(
      "li",
      {},
      el("code", {}, text),
      listen === "" ? null : " ",
      listen === ""
        ? null
        : el(
            "a",
            {
              href: formatRoute({ tool: "listen", params: { address: listen } }),
              "aria-label": `Listen on ${text}`,
            },
            "Listen",
          ),
    ),
  );
  const groups = ifi.groups.map((group) => el("li", {}, el("code", {}, group)));
  return el(
    "li",
    { class: "interface", "data-up": String(ifi.flags.split("|").includes("up")) },
    el("h3", {}, ifi.name, " ", el("small", {}, `index ${ifi.index}`)),
    el(
      "dl",
      {},
      row("Flags", el("span", {}, ...ifi.flags.split("|").flatMap(flagParts))),
      row("MTU", formatCount(ifi.mtu)),
      row("Hardware address", ifi.hardware === "" ? "none" : ifi.hardware),
      row("Addresses", addresses.length === 0 ? "none" : el("ul", {}, ...addresses)),
      row("Multicast groups", groups.length === 0 ? "none" : el("ul", {}, ...groups)),
    ),
  );
}

// The bars are where a line may break.
function flagParts(flag: string, i: number): Child[] {
  return i === 0 ? [flag] : ["|", el("wbr"), flag];
}

function row(name: string, value: string | HTMLElement): HTMLElement {
  return el("div", {}, el("dt", {}, name), el("dd", { class: value === "none" ? "none" : "" }, value));
}

function cardText(ifi: Described): string {
  return [
    `${ifi.name} (index ${ifi.index}): ${ifi.flags}, MTU ${ifi.mtu}${ifi.hardware === "" ? "" : `, ${ifi.hardware}`}`,
    ...ifi.addresses.map(([text]) => `  ${text}`),
    ...ifi.groups.map((group) => `  joined ${group}`),
    "",
  ].join("\n");
}
