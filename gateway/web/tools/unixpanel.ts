// One tab of the Unix sockets: the form to dial or to listen, and what is said.

import * as net from "gonet";
import { el, field, select } from "../dom.js";
import { Conversation, type StreamConn } from "../parts/conversation.js";
import { type DatagramSocket, Datagrams } from "../parts/datagrams.js";
import { addressInput, suggestions } from "../parts/inputs.js";
import { Job } from "../parts/job.js";
import { keepPage } from "../parts/keep.js";
import type { Announce } from "../parts/live.js";
import type { Recent } from "../parts/recent.js";
import { RecentLinks } from "../parts/recentlinks.js";
import { visibleText } from "../parts/visible.js";
import type { Route } from "../route.js";
import type { Panel } from "./paneltabs.js";

type Params = Route["params"];

const networks = ["unix", "unixgram", "unixpacket"] as const;
const networkText = {
  unix: "unix (bytes)",
  unixgram: "unixgram (datagrams)",
  unixpacket: "unixpacket (records)",
} as const;
const calls = ["Dial", "Listen"] as const;

const placeholder = "/run/app.sock or @abstract";

// Each record is one in the transcript, too, however close they come.
const limits = { mergeMs: 0 };

/** UnixPanelOptions are what a panel needs of its tool. */
export interface UnixPanelOptions {
  readonly announce: Announce;
  readonly recent: Recent<Params>;
  readonly onChange: () => void;
  /** onAccept puts an accepted connection into a tab of its own; it is false if there is no room for one. */
  readonly onAccept: (conn: StreamConn, listener: string) => boolean;
}

/** UnixPanel opens a socket and shows what goes over it. */
export class UnixPanel implements Panel {
  readonly element: HTMLElement;
  readonly #options: UnixPanelOptions;
  readonly #call = select(calls.map((call) => [call, call] as const));
  readonly #address = addressInput(placeholder, true);
  readonly #known = suggestions(this.#address);
  readonly #network = select(networks.map((name) => [name, networkText[name]] as const));
  readonly #own = addressInput("none: nobody can answer");
  readonly #ownField = field("Own address, for answers", this.#own, "wide");
  readonly #job: Job;
  readonly #links: RecentLinks<Params>;
  readonly #conversation: Conversation;
  readonly #datagrams: Datagrams;
  #title = "";

  constructor(options: UnixPanelOptions) {
    this.#options = options;
    this.#links = new RecentLinks(options.recent, {
      route: (params) => ({ tool: "unix", params }),
      text: ({ target = "", network = "", call = "" }) =>
        `${call === "" ? "" : `${call} `}${network === "" ? "" : `${network}:`}${target}`,
      onForget: () => {
        this.#changed();
        this.focus();
      },
    });
    this.#job = new Job({
      start: "Open",
      stop: "Stop",
      work: (signal) => this.#open(signal),
      onChange: () => this.#changed(),
    });
    const { announce } = options;
    const onChange = (): void => this.#changed();
    this.#conversation = new Conversation({ announce, empty: this.#empty(), limits, onChange });
    this.#datagrams = new Datagrams({
      announce,
      empty: el("p", { class: "empty" }, "Nothing was sent or received yet."),
      toPlaceholder: placeholder,
      onChange,
    });
    const form = el(
      "form",
      { class: "dial" },
      field("Address", this.#address, "wide"),
      this.#known.element,
      this.#ownField,
      field("Open with", this.#call.element),
      field("Network", this.#network.element),
      this.#job.element,
    );
    this.element = el("div", { class: "console" }, form, this.#conversation.element, this.#datagrams.element);
    this.#job.listen(form, this.element);
    this.#address.addEventListener("input", () => options.onChange());
    for (const { element } of [this.#network, this.#call]) {
      element.addEventListener("change", () => this.#changed());
    }
    this.#show();
  }

  #empty(): HTMLElement {
    return el(
      "div",
      { class: "empty" },
      el(
        "p",
        {},
        "A path is one of the gateway's machine; @ stands before an abstract name, which has no file. What connects while you listen gets a tab of its own.",
      ),
      this.#links.element,
    );
  }

  get params(): Params {
    const [network, call] = [this.#network.value, this.#call.value];
    return {
      target: this.#address.value,
      network: network === "unix" ? "" : network,
      call: call === "Dial" ? "" : call,
      own: this.#ownField.hidden ? "" : this.#own.value,
    };
  }

  set params({ target = "", network, call, own = "" }: Params) {
    this.#address.value = target;
    this.#network.value = networks.find((name) => name === network) ?? "unix";
    this.#call.value = calls.find((name) => name === call) ?? "Dial";
    this.#own.value = own;
    this.#changed();
  }

  get title(): string {
    return this.#title === "" ? "New socket" : visibleText(this.#title);
  }

  get state(): string {
    return this.#job.isRunning ? "dialing" : this.#shown.state;
  }

  get isBusy(): boolean {
    return this.#job.isRunning || this.#conversation.isOpen || this.#datagrams.isOpen;
  }

  focus(): void {
    this.#address.focus();
  }

  end(): void {
    this.#job.stop();
    void this.#conversation.close();
    void this.#datagrams.close();
  }

  /** attach shows a connection that a listener of another tab accepted. */
  attach(conn: StreamConn, listener: string, number: number): void {
    this.#title = `${lastPart(listener)} ${number}`;
    this.#address.value = listener;
    this.#conversation.attach(conn, `accepted on ${visibleText(listener)}`);
    this.#changed();
  }

  get #shown(): Conversation | Datagrams {
    return this.#network.value === "unixgram" ? this.#datagrams : this.#conversation;
  }

  async #open(signal: AbortSignal): Promise<void> {
    const [network, call, address] = [this.#network.value, this.#call.value, this.#address.value];
    const { params } = this;
    this.#title = lastPart(address);
    const shown = this.#shown;
    shown.say("info", `${call.toLowerCase()} ${network} ${visibleText(address)}`);
    const opened = (): void => this.#options.recent.add(params);
    try {
      if (network === "unixgram") {
        const own = this.#own.value;
        const socket = call === "Dial" ? await dialled(address, own, signal) : await bound(address, signal);
        opened();
        this.#datagrams.attach(socket, `open on ${visibleText(socket.local) || "no address"}`);
        shown.focus();
      } else if (call === "Dial") {
        const conn = await net.Dial(network, address, signal);
        opened();
        this.#conversation.attach(conn, `connected to ${visibleText(address)}`);
        shown.focus();
      } else {
        const listener = await net.Listen(network, address, signal);
        opened();
        await this.#serve(listener, signal);
      }
    } catch (err) {
      shown.fail(err);
      this.#address.focus();
    }
  }

  // serve accepts until it is stopped. What was accepted stays.
  async #serve(listener: net.UnixListener, signal: AbortSignal): Promise<void> {
    const name = listener.Addr().String();
    this.#conversation.say("info", `listening on ${visibleText(name)}`);
    const release = keepPage();
    let closing = Promise.resolve();
    const stop = (): void => {
      closing = listener.Close().catch((err: unknown) => this.#conversation.fail(err));
    };
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) {
      stop();
    }
    try {
      for await (const conn of listener) {
        if (this.#options.onAccept(conn, name)) {
          this.#conversation.say("info", "accepted a connection, in a tab of its own");
        } else {
          this.#conversation.say("error", "closed a connection: there is no room for another tab");
          await conn.Close();
        }
      }
      await closing; // only then the path is free
      this.#conversation.say("info", "stopped listening");
    } finally {
      release();
      signal.removeEventListener("abort", stop);
      await listener.Close().catch(() => {}); // it is closed, or what is wrong was said
    }
  }

  #changed(): void {
    this.#show();
    this.#options.onChange();
  }

  #show(): void {
    const { isBusy } = this;
    const isPackets = this.#network.value === "unixgram";
    this.element.dataset["state"] = this.state;
    this.#job.canStart = !isBusy;
    this.#address.readOnly = isBusy;
    this.#own.readOnly = isBusy;
    this.#ownField.hidden = !isPackets || this.#call.value !== "Dial";
    this.#network.element.disabled = isBusy;
    this.#call.element.disabled = isBusy;
    this.#conversation.element.hidden = isPackets;
    this.#datagrams.element.hidden = !isPackets;
    this.#known.show(this.#options.recent.items.map(({ target = "" }) => target));
    this.#links.show();
  }
}

// A tab has room for the end of a path, which tells more than its beginning.
function lastPart(address: string): string {
  return address.slice(address.lastIndexOf("/") + 1) || address;
}

function unixgram(name: string): net.UnixAddr {
  return new net.UnixAddr({ Name: name, Net: "unixgram" });
}

async function dialled(address: string, own: string, signal: AbortSignal): Promise<DatagramSocket> {
  const c = await net.DialUnix("unixgram", own === "" ? null : unixgram(own), unixgram(address), signal);
  return {
    local: c.LocalAddr()?.String() ?? "",
    remote: address,
    async send(b) {
      await c.Write(b);
      return address;
    },
    receive: async (b) => [await c.Read(b), address],
    close: () => c.Close(),
  };
}

async function bound(address: string, signal: AbortSignal): Promise<DatagramSocket> {
  const c = await net.ListenPacket("unixgram", address, signal);
  return {
    local: c.LocalAddr()?.String() ?? "",
    remote: null,
    async send(b, to) {
      await c.WriteTo(b, unixgram(to));
      return to;
    },
    async receive(b) {
      const [n, peer] = await c.ReadFrom(b);
      return [n, peer?.String() ?? ""];
    },
    close: () => c.Close(),
  };
}
