// One tab of the UDP console: the form to open a socket, and its datagrams.

import * as net from "gonet";
import { el, field, select } from "../dom.js";
import { type DatagramSocket, Datagrams } from "../parts/datagrams.js";
import { addressInput, suggestions } from "../parts/inputs.js";
import { Job } from "../parts/job.js";
import type { Announce } from "../parts/live.js";
import type { Recent } from "../parts/recent.js";
import { RecentLinks } from "../parts/recentlinks.js";
import { visibleText } from "../parts/visible.js";
import type { Route } from "../route.js";
import type { Panel } from "./paneltabs.js";

type Params = Route["params"];

const networks = ["udp", "udp4", "udp6"] as const;
const calls = ["Dial", "ListenPacket"] as const;

const defaultListenAddress = "127.0.0.1:0";

/** UDPPanelOptions are what a panel needs of its tool. */
export interface UDPPanelOptions {
  readonly announce: Announce;
  readonly recent: Recent<Params>;
  readonly onChange: () => void;
}

/** UDPPanel opens a socket and shows what goes over it. */
export class UDPPanel implements Panel {
  readonly element: HTMLElement;
  readonly #options: UDPPanelOptions;
  readonly #call = select(calls.map((call) => [call, call] as const));
  readonly #address = addressInput("host:port");
  readonly #known = suggestions(this.#address);
  readonly #network = select(networks.map((name) => [name, name] as const));
  readonly #job: Job;
  readonly #links: RecentLinks<Params>;
  readonly #datagrams: Datagrams;
  // opened is what the tab is named for, once there was a socket.
  #opened = "";

  constructor(options: UDPPanelOptions) {
    this.#options = options;
    this.#links = new RecentLinks(options.recent, {
      route: (params) => ({ tool: "udp", params }),
      text: ({ target = "", network = "", call = "" }) =>
        `${call === "" ? "" : `${call} `}${network === "" ? "" : `${network}://`}${target}`,
      onForget: () => {
        this.#changed();
        this.focus();
      },
    });
    this.#job = new Job({
      start: "Open",
      stop: "Cancel",
      work: (signal) => this.#open(signal),
      onChange: () => this.#changed(),
    });
    this.#datagrams = new Datagrams({
      announce: options.announce,
      empty: this.#empty(),
      toPlaceholder: "host:port",
      onChange: () => this.#changed(),
    });
    const form = el(
      "form",
      { class: "dial" },
      field("Address", this.#address, "wide"),
      this.#known.element,
      field("Open with", this.#call.element),
      field("Network", this.#network.element),
      this.#job.element,
    );
    this.element = el("div", { class: "console" }, form, this.#datagrams.element);
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
        "Dial talks to one address, and hears from it alone. ListenPacket hears everybody on an address of the gateway's machine (port 0 takes a free one), and sends wherever you say.",
      ),
      this.#links.element,
    );
  }

  get params(): Params {
    const [network, call] = [this.#network.value, this.#call.value];
    return {
      target: this.#address.value.trim(),
      network: network === "udp" ? "" : network,
      call: call === "Dial" ? "" : call,
    };
  }

  set params({ target = "", network, call }: Params) {
    this.#address.value = target;
    this.#network.value = networks.find((name) => name === network) ?? "udp";
    this.#call.value = calls.find((name) => name === call) ?? "Dial";
    this.#changed();
  }

  get title(): string {
    return this.#opened === "" ? "New socket" : visibleText(this.#opened);
  }

  get state(): string {
    return this.#job.isRunning ? "dialing" : this.#datagrams.state;
  }

  get isBusy(): boolean {
    return this.#job.isRunning || this.#datagrams.isOpen;
  }

  focus(): void {
    this.#address.focus();
  }

  end(): void {
    this.#job.stop();
    void this.#datagrams.close();
  }

  async #open(signal: AbortSignal): Promise<void> {
    const network = this.#network.value;
    const isDial = this.#call.value === "Dial";
    const address = this.#address.value.trim() || (isDial ? "" : defaultListenAddress);
    this.#address.value = address;
    const { params } = this;
    this.#opened = address;
    this.#datagrams.say("info", `${this.#call.value} ${network} ${visibleText(address)}`);
    try {
      const socket = isDial ? await dialled(network, address, signal) : await bound(network, address, signal);
      if (signal.aborted) {
        await socket.close();
        this.#datagrams.say("info", "canceled just as it was opened; closed");
        return;
      }
      this.#options.recent.add(params);
      this.#opened = socket.remote ?? socket.local;
      const { local, remote } = socket;
      this.#datagrams.attach(socket, remote === null ? `open on ${local}` : `open on ${local}, to ${remote}`);
      this.#datagrams.focus();
    } catch (err) {
      this.#datagrams.fail(err);
      this.#address.focus();
    }
  }

  #changed(): void {
    this.#show();
    this.#options.onChange();
  }

  #show(): void {
    const { isBusy } = this;
    this.element.dataset["state"] = this.state;
    this.#job.canStart = !isBusy;
    this.#address.readOnly = isBusy;
    this.#address.placeholder = this.#call.value === "Dial" ? "host:port" : defaultListenAddress;
    this.#network.element.disabled = isBusy;
    this.#call.element.disabled = isBusy;
    this.#known.show(this.#options.recent.items.map(({ target = "" }) => target));
    this.#links.show();
  }
}

async function dialled(network: string, address: string, signal: AbortSignal): Promise<DatagramSocket> {
  const c = (await net.Dial(network, address, signal)) as net.UDPConn;
  const remote = c.RemoteAddr()?.String() ?? "";
  return {
    local: c.LocalAddr().String(),
    remote,
    async send(b) {
      await c.Write(b);
      return remote;
    },
    receive: async (b) => [await c.Read(b), remote],
    close: () => c.Close(),
  };
}

async function bound(network: string, address: string, signal: AbortSignal): Promise<DatagramSocket> {
  const c = await net.ListenPacket(network, address, signal);
  return {
    local: c.LocalAddr().String(),
    remote: null,
    async send(b, to) {
      const addr = await net.ResolveUDPAddr(network, to);
      await c.WriteTo(b, addr);
      return addr.String();
    },
    async receive(b) {
      const [n, peer] = await c.ReadFrom(b);
      return [n, peer?.String() ?? ""];
    },
    close: () => c.Close(),
  };
}
