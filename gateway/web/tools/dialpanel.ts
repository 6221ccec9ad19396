// One tab of the TCP console: the form to dial, and the conversation.

import * as net from "gonet";
import { button, el, field, freshId, select } from "../dom.js";
import { Conversation } from "../parts/conversation.js";
import { formatElapsed } from "../parts/format.js";
import type { Announce } from "../parts/live.js";
import type { Recent } from "../parts/recent.js";
import { RecentLinks } from "../parts/recentlinks.js";
import { isNetwork, networks, parseTarget, type Target } from "../parts/target.js";
import { visibleText } from "../parts/visible.js";
import type { Route } from "../route.js";
import { firstTry } from "./firsttry.js";
import type { Panel } from "./paneltabs.js";

const msPerSecond = 1000;
const defaultTimeoutSeconds = 15;
const maxTimeoutSeconds = 3600;
const tickMs = 100;

/** DialPanelOptions are what a panel needs of its tool. */
export interface DialPanelOptions {
  readonly announce: Announce;
  readonly recent: Recent<Target>;
  readonly onChange: () => void;
}

/** DialPanel dials and shows the connection. */
export class DialPanel implements Panel {
  readonly element: HTMLElement;
  readonly #options: DialPanelOptions;
  readonly #address: HTMLInputElement;
  readonly #network = select(networks.map((name) => [name, name] as const));
  readonly #timeout: HTMLInputElement;
  readonly #connect: HTMLButtonElement;
  readonly #cancel: HTMLButtonElement;
  readonly #elapsed: HTMLElement;
  readonly #known: HTMLDataListElement;
  readonly #recentLinks: RecentLinks<Target>;
  readonly #firstTry = firstTry();
  readonly #conversation: Conversation;
  #dialing: AbortController | null = null;
  // dialed is what the tab is named for, once there was a dial.
  #dialed: Target | null = null;
  #shownTargets: readonly Target[] | null = null;

  constructor(options: DialPanelOptions) {
    this.#options = options;
    this.#known = el("datalist", { id: freshId() });
    this.#address = el("input", {
      type: "text",
      class: "address",
      list: this.#known.id,
      placeholder: "host:port",
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
      required: true,
    });
    this.#timeout = el("input", {
      type: "number",
      class: "seconds",
      min: 0,
      max: maxTimeoutSeconds,
      step: "any",
      value: defaultTimeoutSeconds,
      title: "Give up after so many seconds; 0 waits as long as the system does",
    });
    this.#connect = el("button", { type: "submit", class: "button primary" }, "Connect");
    this.#cancel = button("Cancel", () => this.#dialing?.abort());
    this.#elapsed = el("output", { class: "elapsed", "aria-live": "off" });
    this.#recentLinks = new RecentLinks(options.recent, {
      route: (target) => ({ tool: "tcp", params: paramsOf(target) }),
      text: targetText,
      onForget: () => {
        this.#show();
        this.focus();
      },
    });
    this.#conversation = new Conversation({
      announce: options.announce,
      empty: this.#empty(),
      onChange: () => this.#changed(),
    });
    this.element = el("div", { class: "console" }, this.#form(), this.#conversation.element);
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#dialing !== null) {
        event.preventDefault();
        this.#dialing.abort();
      }
    });
    this.#address.addEventListener("input", () => options.onChange());
    this.#network.element.addEventListener("change", () => options.onChange());
    this.#show();
  }

  #form(): HTMLElement {
    const form = el(
      "form",
      { class: "dial" },
      field("Address", this.#address, "wide"),
      this.#known,
      field("Network", this.#network.element),
      field("Timeout, s", this.#timeout),
      el("div", { class: "go" }, this.#connect, this.#cancel, this.#elapsed),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#dial();
    });
    return form;
  }

  #empty(): HTMLElement {
    return el(
      "div",
      { class: "empty" },
      el("p", {}, "Enter a host and a port, like localhost:22 or [::1]:80, and connect."),
      this.#recentLinks.element,
      this.#firstTry,
    );
  }

  get params(): Route["params"] {
    return paramsOf(this.target);
  }

  set params({ target = "", network }: Route["params"]) {
    this.target = parseTarget(target, isNetwork(network) ? network : "tcp");
  }

  /** target is what the form says. */
  get target(): Target {
    return parseTarget(this.#address.value, this.#network.value);
  }

  set target({ network, address }: Target) {
    this.#address.value = address;
    this.#network.value = network;
    this.#options.onChange();
  }

  /** title is what the tab is called. */
  get title(): string {
    return this.#dialed === null ? "New connection" : visibleText(this.#dialed.address);
  }

  /** state is that of the dial or the connection, for the look of the tab. */
  get state(): string {
    return this.#dialing === null ? this.#conversation.state : "dialing";
  }

  /** isBusy says that there is a connection, or one is being made. */
  get isBusy(): boolean {
    return this.#dialing !== null || this.#conversation.isOpen;
  }

  /** focus puts the cursor into the address. */
  focus(): void {
    this.#address.focus();
  }

  /** end gives up a dial and closes the connection. */
  end(): void {
    this.#dialing?.abort();
    void this.#conversation.close();
  }

  async #dial(): Promise<void> {
    if (this.isBusy) {
      return;
    }
    const target = this.target;
    this.target = target; // as it was understood
    this.#dialed = target;
    const dialing = new AbortController();
    this.#dialing = dialing;
    const { network, address } = target;
    this.#conversation.say("info", `dial ${network} ${visibleText(address)}`);
    const start = performance.now();
    const tick = setInterval(() => this.#showElapsed(performance.now() - start), tickMs);
    this.#showElapsed(0);
    this.#changed();
    this.#cancel.focus();
    try {
      const conn = await net.DialTimeout(network, address, this.#timeoutMs(), dialing.signal);
      this.#dialing = null;
      if (dialing.signal.aborted) {
        await conn.Close();
        this.#conversation.say("info", "canceled just as it was connected; closed");
        return;
      }
      this.#options.recent.add(target);
      const took = formatElapsed(performance.now() - start);
      this.#conversation.attach(conn, `connected to ${conn.RemoteAddr().String()} after ${took}`);
      this.#conversation.focus();
    } catch (err) {
      this.#dialing = null;
      this.#conversation.fail(err);
      this.#address.focus();
    } finally {
      clearInterval(tick);
      this.#elapsed.textContent = "";
      this.#changed();
    }
  }

  #timeoutMs(): number {
    const seconds = this.#timeout.valueAsNumber;
    return Number.isFinite(seconds) ? Math.ceil(seconds * msPerSecond) : 0;
  }

  #showElapsed(ms: number): void {
    this.#elapsed.textContent = formatElapsed(ms);
  }

  #show(): void {
    const isDialing = this.#dialing !== null;
    this.element.dataset["state"] = this.state;
    this.#connect.hidden = isDialing;
    this.#connect.disabled = this.isBusy;
    this.#cancel.hidden = !isDialing;
    this.#address.readOnly = this.isBusy;
    this.#network.element.disabled = this.isBusy;
    this.#timeout.readOnly = this.isBusy;
    this.#showRecent();
  }

  #changed(): void {
    this.#show();
    this.#options.onChange();
  }

  #showRecent(): void {
    const { items } = this.#options.recent;
    if (items !== this.#shownTargets) {
      this.#shownTargets = items;
      this.#known.replaceChildren(...items.map(({ address }) => el("option", { value: address })));
    }
    this.#recentLinks.show();
    this.#firstTry.hidden = items.length > 0;
  }
}

function paramsOf({ network, address }: Target): Route["params"] {
  return { target: address, network: network === "tcp" ? "" : network };
}

function targetText({ network, address }: Target): string {
  return network === "tcp" ? address : `${network}://${address}`;
}
