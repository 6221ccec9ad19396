// TCP listener: wait for connections, answer each by hand or echo what it sends.

import * as net from "gonet";
import { button, checkbox, el, field, select } from "../dom.js";
import { Conversation, stateText } from "../parts/conversation.js";
import { errorText } from "../parts/errors.js";
import { formatBytes } from "../parts/format.js";
import { keepPage } from "../parts/keep.js";
import { isNetwork, networks } from "../parts/target.js";
import type { TranscriptLimits } from "../parts/transcript.js";
import { visibleText } from "../parts/visible.js";
import { formatRoute, type Route } from "../route.js";
import type { OpenTool, Tool, ToolContext } from "./tool.js";

const defaultAddress = "127.0.0.1:0";

// So many connections are listed. Closed ones make room; if all are open, the next waits in the kernel's backlog.
const maxConnections = 100;

// Whoever can connect can fill transcripts: together they hold no more than a hundred times this.
const limits: Partial<TranscriptLimits> = { maxBytes: 512 * 1024, maxEntries: 1000 };

/** tcpListener is the tool. */
export const tcpListener: Tool = {
  id: "listen",
  name: "TCP listener",
  group: "Local",
  summary: "Wait for connections and answer them",
  open: (context) => new TCPListenerTool(context),
};

interface Accepted {
  readonly conversation: Conversation;
  readonly item: HTMLElement;
  readonly choose: HTMLButtonElement;
  readonly counts: HTMLElement;
}

class TCPListenerTool implements OpenTool {
  readonly element: HTMLElement;
  readonly #context: ToolContext;
  readonly #address = el("input", {
    type: "text",
    class: "address",
    value: defaultAddress,
    placeholder: defaultAddress,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
  });
  readonly #network = select(networks.map((name) => [name, name] as const));
  readonly #listen = el("button", { type: "submit", class: "button primary" }, "Listen");
  readonly #stop = button("Stop", () => void this.#end());
  readonly #echo = checkbox("Echo what comes in", false);
  readonly #outcome = el("p", { class: "outcome" });
  readonly #list = el("ul", { class: "connections", "aria-label": "Accepted connections" });
  readonly #removeClosed = button("Remove closed", () => this.#dropClosed(), { kind: "quiet" });
  readonly #detail = el("div", { class: "detail" });
  readonly #nobody = el("p", { class: "empty" });
  readonly #split: HTMLElement;
  readonly #accepted: Accepted[] = [];
  #chosen: Accepted | null = null;
  #listener: net.TCPListener | null = null;
  #starting: AbortController | null = null;
  #isEnding = false;
  // hasRoom is called when there may be room for a connection; it wakes who waits for that.
  #hasRoom: () => void = () => {};

  constructor(context: ToolContext) {
    this.#context = context;
    const form = el(
      "form",
      { class: "dial" },
      field("Listen on", this.#address, "wide"),
      field("Network", this.#network.element),
      el("div", { class: "go" }, this.#listen, this.#stop, this.#echo.element),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#start();
    });
    this.#split = el(
      "div",
      { class: "split" },
      el("div", { class: "side" }, this.#list, this.#removeClosed),
      this.#detail,
    );
    this.element = el("div", { class: "tool listener" }, form, this.#outcome, this.#nobody, this.#split);
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#starting !== null) {
        event.preventDefault();
        this.#starting.abort();
      }
    });
    this.#show();
  }

  show(params: Route["params"]): Route["params"] {
    const { address = "", network } = params;
    if (address !== "" && !this.#isBusy) {
      this.#address.value = address;
      this.#network.value = isNetwork(network) ? network : "tcp";
    }
    return this.#params();
  }

  #params(): Route["params"] {
    const address = this.#address.value.trim();
    const network = this.#network.value;
    return {
      address: address === defaultAddress ? "" : address,
      network: network === "tcp" ? "" : network,
    };
  }

  get #isBusy(): boolean {
    return this.#listener !== null || this.#starting !== null;
  }

  async #start(): Promise<void> {
    if (this.#isBusy) {
      return;
    }
    const starting = new AbortController();
    this.#starting = starting;
    this.#isEnding = false;
    this.#say("Opening…");
    this.#show();
    this.#context.setParams(this.#params());
    try {
      const address = this.#address.value.trim();
      this.#listener = await net.Listen(this.#network.value, address, starting.signal);
    } catch (err) {
      this.#fail(err);
    }
    this.#starting = null;
    this.#show();
    if (this.#listener !== null) {
      this.#stop.focus();
      await this.#serve(this.#listener);
    }
  }

  async #serve(listener: net.TCPListener): Promise<void> {
    const address = listener.Addr().String();
    this.#sayListening(address);
    const release = keepPage();
    try {
      for await (const conn of listener) {
        await this.#accept(conn);
      }
      this.#say(`Stopped listening on ${address}. Connections that were accepted stay.`);
    } catch (err) {
      this.#fail(err);
      await listener.Close().catch(() => {}); // it failed before: nothing new to say
    } finally {
      release();
      this.#listener = null;
      this.#show();
    }
  }

  async #end(): Promise<void> {
    this.#isEnding = true;
    this.#starting?.abort();
    await this.#listener?.Close().catch((err: unknown) => this.#fail(err));
    this.#hasRoom();
  }

  async #accept(conn: net.TCPConn): Promise<void> {
    const remote = conn.RemoteAddr().String();
    const counts = el("span", { class: "counts" });
    const choose = el("button", { type: "button", class: "connection" }, el("span", {}, remote), counts);
    const accepted: Accepted = {
      conversation: new Conversation({
        announce: this.#context.announce,
        empty: el("div"),
        limits,
        onChange: () => this.#onChange(accepted),
        onData: (conversation, bytes) => this.#onData(conversation, bytes),
        onEnd: (conversation) => this.#onEnd(conversation),
      }),
      item: el("li", {}, choose),
      choose,
      counts,
    };
    choose.addEventListener("click", () => this.#choose(accepted));
    this.#accepted.push(accepted);
    this.#list.append(accepted.item);
    accepted.conversation.attach(conn, `accepted from ${remote}`);
    if (this.#chosen === null) {
      this.#choose(accepted);
    }
    this.#show();
    await this.#room();
  }

  // What is echoed has to be taken before more is read: a sender that doesn't read is held back.
  async #onData(conversation: Conversation, bytes: Uint8Array): Promise<void> {
    if (this.#echo.input.checked && conversation.canSend) {
      await conversation.send(bytes);
    }
  }

  // An echo server has nothing to say after the end.
  #onEnd(conversation: Conversation): void {
    if (this.#echo.input.checked) {
      void conversation.close();
    }
  }

  // room waits until one more connection can be listed.
  async #room(): Promise<void> {
    while (this.#accepted.length >= maxConnections) {
      const closed = this.#accepted.find((a) => !a.conversation.isOpen && a !== this.#chosen);
      if (closed !== undefined) {
        this.#drop(closed);
      } else if (this.#isEnding) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#hasRoom = resolve;
        });
      }
    }
  }

  #onChange(accepted: Accepted): void {
    const { conversation, item, counts } = accepted;
    item.dataset["state"] = conversation.state;
    const state = conversation.state === "open" ? "" : `, ${stateText[conversation.state]}`;
    counts.textContent = `← ${formatBytes(conversation.received)} → ${formatBytes(conversation.sent)}${state}`;
    if (!conversation.isOpen) {
      this.#hasRoom();
    }
    this.#showRemove();
  }

  #choose(accepted: Accepted | null): void {
    this.#chosen = accepted;
    this.#hasRoom(); // the one that was chosen may go now, if it is closed
    for (const { choose } of this.#accepted) {
      choose.setAttribute("aria-current", String(choose === accepted?.choose));
    }
    this.#detail.replaceChildren(...(accepted === null ? [] : [accepted.conversation.element]));
  }

  #drop(accepted: Accepted): void {
    this.#accepted.splice(this.#accepted.indexOf(accepted), 1);
    accepted.item.remove();
    if (accepted === this.#chosen) {
      this.#choose(this.#accepted.at(-1) ?? null);
    }
  }

  #dropClosed(): void {
    for (const accepted of this.#accepted.filter((a) => !a.conversation.isOpen)) {
      this.#drop(accepted);
    }
    this.#hasRoom();
    this.#show();
  }

  #show(): void {
    this.element.dataset["state"] = this.#isBusy ? "listening" : "idle";
    this.#listen.hidden = this.#isBusy;
    this.#stop.hidden = !this.#isBusy;
    this.#address.readOnly = this.#isBusy;
    this.#network.element.disabled = this.#isBusy;
    this.#showRemove();
  }

  #showRemove(): void {
    this.#nobody.hidden = this.#accepted.length > 0;
    this.#split.hidden = this.#accepted.length === 0;
    this.#nobody.textContent =
      this.#listener === null
        ? "Listen on an address of the gateway's machine; port 0 takes a free one. Whoever connects is listed here."
        : "Nobody has connected yet.";
    this.#removeClosed.hidden = this.#accepted.every((a) => a.conversation.isOpen);
  }

  #say(text: string): void {
    this.#outcome.className = "outcome";
    this.#outcome.replaceChildren(text);
    this.#context.announce(text);
  }

  #sayListening(address: string): void {
    const href = formatRoute({ tool: "tcp", params: { target: address } });
    this.#say(`Listening on ${address}`);
    this.#outcome.className = "outcome good";
    this.#outcome.replaceChildren(
      "Listening on ",
      el("strong", {}, address),
      " ",
      el("a", { href }, "Connect to it"),
    );
  }

  #fail(err: unknown): void {
    const { text, detail } = errorText(err);
    this.#outcome.className = "outcome bad";
    this.#outcome.replaceChildren(visibleText(text), ...(detail === "" ? [] : [el("small", {}, detail)]));
    this.#context.announce(text, "assertive");
  }
}
