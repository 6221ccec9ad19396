// One tab of the terminal: the form to connect, the questions, the screen.

import * as net from "gonet";
import { button, checkbox, el, field, freshId, select } from "../dom.js";
import { errorText } from "../parts/errors.js";
import { Facts } from "../parts/facts.js";
import { formatTime } from "../parts/format.js";
import { keepPage } from "../parts/keep.js";
import type { Announce } from "../parts/live.js";
import type { Recent } from "../parts/recent.js";
import { RecentLinks } from "../parts/recentlinks.js";
import { type Destination, formatDestination, type Kind, kinds, parseDestination } from "./address.js";
import { Asker } from "./asker.js";
import { KeyField } from "./keyfield.js";
import type { KnownHosts } from "./knownhosts.js";
import type { Line } from "./line.js";
import { type LineEnd, lineEnds, RawLine } from "./rawline.js";
import { Screen } from "./screen.js";
import { openSSHLine } from "./sshline.js";
import { TelnetLine } from "./telnetline.js";

const dialTimeoutMs = 30_000;
const term = "xterm-256color";

/** TerminalPanelOptions are what a panel needs of its tool. */
export interface TerminalPanelOptions {
  readonly announce: Announce;
  readonly recent: Recent<Destination>;
  readonly knownHosts: KnownHosts;
  readonly onChange: () => void;
}

type State = "none" | "dialing" | "open" | "closed";

const stateText: Readonly<Record<State, string>> = {
  none: "not connected",
  dialing: "connecting…",
  open: "connected",
  closed: "closed",
};

/** TerminalPanel is a terminal and the ways to connect it. Several connections may follow each other in one. */
export class TerminalPanel {
  readonly element: HTMLElement;
  readonly #options: TerminalPanelOptions;
  readonly #kind = select(kinds);
  readonly #address: HTMLInputElement;
  readonly #user: HTMLInputElement;
  readonly #lineEnd = select(lineEnds);
  readonly #localEcho = checkbox("Echo and send by line", true);
  readonly #known: HTMLDataListElement = el("datalist", { id: freshId() });
  readonly #connect = el("button", { type: "submit", class: "button primary" }, "Connect");
  readonly #cancel: HTMLButtonElement;
  readonly #disconnect: HTMLButtonElement;
  readonly #reader = checkbox("Screen reader", false);
  readonly #title = el("span", { class: "terminal-title" });
  readonly #facts = new Facts();
  readonly #asker: Asker;
  readonly #key: KeyField;
  readonly #userField: HTMLElement;
  readonly #rawFields: HTMLElement;
  readonly #screen: Screen;
  readonly #recentLinks: RecentLinks<Destination>;
  readonly #empty: HTMLElement;
  readonly #bar: HTMLElement;
  #state: State = "none";
  #destination: Destination | null = null;
  #since = 0;
  #ended = "";
  #dialing: AbortController | null = null;
  #line: Line | null = null;
  // What is typed goes out in order, whatever each write takes.
  #sending: Promise<void> = Promise.resolve();

  constructor(options: TerminalPanelOptions) {
    this.#options = options;
    const text = { autocomplete: "off", autocapitalize: "off", spellcheck: "false" };
    this.#address = el("input", {
      ...text,
      type: "text",
      class: "address",
      list: this.#known.id,
      placeholder: "host, or user@host:port",
      required: true,
    });
    this.#user = el("input", { ...text, type: "text", class: "address user" });
    this.#cancel = button("Cancel", () => this.#giveUp());
    this.#disconnect = button("Disconnect", () => void this.#line?.close());
    this.#asker = new Asker(options.announce);
    this.#key = new KeyField(this.#asker, options.announce);
    this.#userField = field("User", this.#user);
    this.#rawFields = el(
      "div",
      { class: "raw" },
      field("Enter sends", this.#lineEnd.element),
      this.#localEcho.element,
    );
    this.#screen = new Screen({
      onType: (typed) => this.#type(typed),
      onResize: (size) => void this.#line?.resize(size).catch(() => {}), // it ended meanwhile, and reading tells why
      onTitle: (title) => {
        this.#title.textContent = title;
      },
      onLink: (url) => void this.#offer(url),
      onLeave: () => this.#leave(),
      onCopy: () => options.announce("copied"),
    });
    this.#recentLinks = new RecentLinks(options.recent, {
      route: (item) => ({ tool: "terminal", params: { target: formatDestination(item) } }),
      text: formatDestination,
      onForget: () => {
        this.#show();
        this.focus();
      },
    });
    this.#empty = el(
      "div",
      { class: "empty" },
      el(
        "p",
        { class: "terminal-about" },
        "Enter a host, with a user for SSH, and connect. SSH runs in this page: the gateway sees only what is encrypted. What goes over Telnet and raw TCP it can read.",
      ),
      this.#recentLinks.element,
    );
    this.#bar = this.#makeBar();
    this.element = el(
      "div",
      { class: "console terminal-panel" },
      this.#form(),
      this.#asker.element,
      this.#bar,
      this.#empty,
      this.#screen.element,
      this.#hints(),
    );
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#dialing !== null) {
        event.preventDefault();
        this.#giveUp();
      }
    });
    for (const input of [this.#address, this.#user]) {
      input.addEventListener("input", () => {
        this.#user.setCustomValidity("");
        options.onChange();
      });
    }
    this.#kind.element.addEventListener("change", () => this.#changed());
    this.#reader.input.addEventListener("change", () => {
      this.#screen.screenReader = this.#reader.input.checked;
    });
    this.#show();
  }

  #form(): HTMLElement {
    const form = el(
      "form",
      { class: "dial" },
      field("Protocol", this.#kind.element),
      field("Address", this.#address, "wide"),
      this.#known,
      this.#userField,
      this.#rawFields,
      el("div", { class: "go" }, this.#connect, this.#cancel),
      this.#key.element,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#dial();
    });
    return form;
  }

  #makeBar(): HTMLElement {
    return el(
      "div",
      { class: "bar" },
      this.#facts.element,
      this.#title,
      el(
        "div",
        { class: "group right" },
        this.#reader.element,
        button("Copy", () => this.#screen.copy(), {
          kind: "quiet",
          title: "Copy what is selected (Ctrl+Shift+C)",
        }),
        button("Select all", () => this.#screen.selectAll(), { kind: "quiet" }),
        this.#disconnect,
      ),
    );
  }

  #hints(): HTMLElement {
    const key = (name: string): HTMLElement => el("kbd", {}, name);
    return el(
      "p",
      { class: "keys" },
      key("Ctrl+Shift+C"),
      " copies, ",
      key("Ctrl+Shift+V"),
      " pastes, ",
      key("Shift+F6"),
      " leaves the terminal",
    );
  }

  /** destination is what the form says. */
  get destination(): Destination {
    const typed = parseDestination(this.#address.value, this.#kind.value);
    return { ...typed, user: typed.kind === "ssh" ? typed.user || this.#user.value.trim() : "" };
  }

  set destination({ kind, user, address }: Destination) {
    this.#kind.value = kind;
    this.#user.value = user;
    this.#address.value = address;
    this.#changed();
  }

  /** title is what the tab is called. */
  get title(): string {
    if (this.#destination === null) {
      return "New terminal";
    }
    const { user, address } = this.#destination;
    return user === "" ? address : `${user}@${address}`;
  }

  /** state is for the look of the tab. */
  get state(): string {
    return this.#state;
  }

  /** isBusy says that there is a connection, or one is being made. */
  get isBusy(): boolean {
    return this.#state === "dialing" || this.#state === "open";
  }

  /** focus puts the cursor where one goes on. */
  focus(): void {
    if (this.#state === "open") {
      this.#screen.focus();
    } else {
      this.#address.focus();
    }
  }

  /** end closes everything. */
  end(): void {
    this.#giveUp();
    void this.#line?.close();
    this.#screen.close();
  }

  async #dial(): Promise<void> {
    if (this.isBusy) {
      return;
    }
    const destination = this.destination;
    this.destination = destination; // as it was understood
    if (destination.kind === "ssh" && destination.user === "") {
      this.#user.focus();
      this.#user.setCustomValidity("A user is needed to log in");
      this.#user.reportValidity();
      return;
    }
    this.#destination = destination;
    const dialing = new AbortController();
    this.#dialing = dialing;
    this.#ended = "";
    this.#title.textContent = "";
    this.#screen.reset();
    this.#enter("dialing");
    this.#say(`connecting to ${formatDestination(destination)}`);
    const release = keepPage();
    try {
      const conn = await net.DialTimeout("tcp", destination.address, dialTimeoutMs, dialing.signal);
      dialing.signal.addEventListener("abort", () => void conn.Close().catch(() => {}));
      const line = await this.#open(conn, destination);
      if (dialing.signal.aborted) {
        await line.close();
        throw new Error("canceled");
      }
      this.#dialing = null;
      this.#options.recent.add(destination);
      await this.#run(line);
    } catch (err) {
      this.#ended = dialing.signal.aborted ? "canceled" : errorText(err).text;
      const { detail } = errorText(err);
      this.#say(
        detail === "" || dialing.signal.aborted ? this.#ended : `${this.#ended}: ${detail}`,
        "assertive",
      );
      this.#address.focus();
    } finally {
      release();
      this.#dialing = null;
      this.#line = null;
      this.#asker.cancel();
      this.#enter("closed");
    }
  }

  async #open(conn: net.Conn, { kind, user, address }: Destination): Promise<Line> {
    const { size } = this.#screen;
    const echo = (text: string): void => void this.#screen.write(text);
    this.#screen.convertEol = kind === "tcp";
    switch (kind) {
      case "telnet":
        return new TelnetLine(conn, term, size, echo);
      case "tcp": {
        const isLocal = this.#localEcho.input.checked;
        return new RawLine(conn, { lineEnd: this.#lineEnd.value as LineEnd, echo: isLocal ? echo : null });
      }
      case "ssh": {
        if (!isSecureContext) {
          await conn.Close();
          throw new Error(
            "browsers give pages the means to encrypt only over HTTPS or from localhost: SSH needs the page from there",
          );
        }
        const { asker, key } = { asker: this.#asker, key: this.#key.key };
        const { knownHosts } = this.#options;
        const banner = (text: string): void => void this.#screen.write(text);
        return await openSSHLine(conn, { user, address, key, term, size, asker, knownHosts, banner });
      }
    }
  }

  // run shows what comes until the end. More is read only when the last piece is on the screen.
  async #run(line: Line): Promise<void> {
    this.#line = line;
    this.#since = Date.now();
    this.#enter("open");
    this.#screen.focus();
    void line.resize(this.#screen.size).catch(() => {}); // it may have changed during the login
    for (;;) {
      const piece = await line.read();
      if (piece === null) {
        break;
      }
      await this.#screen.write(piece);
    }
    this.#ended = line.ended;
    this.#say(this.#ended);
    await line.close();
  }

  #type(typed: string): void {
    const line = this.#line;
    if (line !== null) {
      this.#sending = this.#sending.then(() => line.type(typed)).catch(() => {}); // it ended, and reading tells why
    }
  }

  #say(text: string, urgency: "polite" | "assertive" = "polite"): void {
    this.#screen.say(text);
    this.#options.announce(text, urgency);
  }

  #giveUp(): void {
    this.#dialing?.abort();
    this.#asker.cancel();
  }

  async #offer(url: string): Promise<void> {
    const link = el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url);
    await this.#asker.ask({
      title: "Open this address?",
      lines: ["The other end wrote this link. It leads to:", link],
      choices: [{ value: "close", text: "Close" }],
    });
    this.#screen.focus();
  }

  #leave(): void {
    this.#disconnect.disabled ? this.#address.focus() : this.#disconnect.focus();
  }

  #enter(state: State): void {
    this.#state = state;
    this.#changed();
  }

  #changed(): void {
    this.#show();
    this.#options.onChange();
  }

  #show(): void {
    const kind: Kind = this.#kind.value;
    this.element.dataset["state"] = this.#state;
    this.#userField.hidden = kind !== "ssh";
    this.#key.element.hidden = kind !== "ssh" || this.isBusy;
    this.#rawFields.hidden = kind !== "tcp";
    this.#connect.hidden = this.#state === "dialing";
    this.#connect.disabled = this.isBusy;
    this.#cancel.hidden = this.#state !== "dialing";
    this.#disconnect.disabled = this.#state !== "open";
    this.#address.readOnly = this.isBusy;
    this.#user.readOnly = this.isBusy;
    for (const control of [this.#kind.element, this.#lineEnd.element, this.#localEcho.input]) {
      control.disabled = this.isBusy;
    }
    this.#facts.set("State", this.#ended === "" ? stateText[this.#state] : this.#ended);
    this.#facts.set("Since", this.#state === "open" ? formatTime(this.#since) : null);
    const isNew = this.#state === "none";
    this.#empty.hidden = !isNew;
    this.#bar.hidden = isNew;
    this.#screen.element.hidden = isNew;
    this.#recentLinks.show();
    const { items } = this.#options.recent;
    this.#known.replaceChildren(...items.map((item) => el("option", { value: formatDestination(item) })));
  }
}
