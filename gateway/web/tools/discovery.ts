// Discovery: who offers what on the networks of the gateway's machine, by multicast DNS and by SSDP.

import * as net from "gonet";
import { button, checkbox, el, field } from "../dom.js";
import { encodeQuestions, parseResponse } from "../parts/dnsrecords.js";
import { errorText } from "../parts/errors.js";
import { formatCount } from "../parts/format.js";
import { Job } from "../parts/job.js";
import { type Cell, ResultTable, type Row } from "../parts/resulttable.js";
import { copyText } from "../parts/save.js";
import { parseSSDP, searchMessage } from "../parts/ssdp.js";
import { Summary } from "../parts/summary.js";
import { textOf, visible, visibleText } from "../parts/visible.js";
import { formatRoute, type Route } from "../route.js";
import { type Group, join, type Membership, type OnDatagram } from "./multicastgroup.js";
import { type Service, ServiceBrowser } from "./servicebrowser.js";
import type { OpenTool, Tool, ToolContext } from "./tool.js";

const mdnsGroup: Group = { IPv4: "224.0.0.251", IPv6: "ff02::fb", port: 5353 };
const ssdpGroup: Group = { IPv4: "239.255.255.250", IPv6: "ff02::c", port: 1900 };

// Datagrams get lost, so what matters is asked more than once; then only listening goes on.
const askAgainMs = [1_000, 3_000, 7_000];
const searchWaitSeconds = 2;

// New questions gather for a moment, and so many go into one datagram.
const flushMs = 150;
const questionsAtOnce = 16;

const maxDevices = 500;
const maxRows = 1_000;
const maxCellChars = 300;
const maxProblems = 5;

/** discovery is the tool. */
export const discovery: Tool = {
  id: "discovery",
  name: "Discovery",
  group: "Look up",
  summary: "Find what others offer nearby, by mDNS and SSDP over multicast",
  open: (context) => new Discovery(context),
};

interface Found {
  cells: readonly Cell[];
  isGone: boolean;
  row: Row | null;
}

class Discovery implements OpenTool {
  readonly element: HTMLElement;
  readonly #context: ToolContext;
  readonly #interface = el("select", {}, el("option", { value: "" }, "all that can multicast"));
  readonly #mdns = checkbox("mDNS", true);
  readonly #ssdp = checkbox("SSDP", true);
  readonly #job: Job;
  readonly #summary: Summary;
  readonly #copyAll = button("Copy", () => void this.#copy(), { kind: "quiet", title: "Copy the table" });
  readonly #errors = el("ul", { class: "problems" });
  readonly #work: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #table = new ResultTable(
    "What was found",
    [
      { name: "By", kind: "text" },
      { name: "Name", kind: "text" },
      { name: "Service", kind: "code" },
      { name: "Where", kind: "code" },
      { name: "It says", kind: "code" },
    ],
    maxRows,
  );
  readonly #found = new Map<string, Found>();
  readonly #dirty = new Set<Found>();
  #datagrams = 0;
  #malformed = 0;
  #where = "";
  #wanted = "";

  constructor(context: ToolContext) {
    this.#context = context;
    this.#summary = new Summary(context.announce);
    this.#job = new Job({
      start: "Discover",
      stop: "Stop",
      work: (signal) => this.#discover(signal),
      onChange: () => this.#show(),
    });
    const form = el(
      "form",
      { class: "dial" },
      field("Interface", this.#interface, "wide"),
      el("div", { class: "go" }, this.#mdns.element, this.#ssdp.element),
      this.#job.element,
    );
    this.#work = el("div", { class: "work" }, this.#summary.element, this.#copyAll);
    this.#empty = el(
      "p",
      { class: "empty" },
      "Printers, media players, lamps, other computers: what announces itself on the network of the gateway's machine is listed as it answers. It goes on listening until you stop it.",
    );
    this.element = el(
      "div",
      { class: "tool discovery" },
      form,
      this.#work,
      this.#errors,
      this.#empty,
      this.#table.element,
    );
    this.#job.listen(form, this.element);
    this.#interface.addEventListener("change", () => this.#context.setParams(this.#params()));
    this.#show();
  }

  show(params: Route["params"]): Route["params"] {
    this.#wanted = params["interface"] ?? "";
    if (net.session.status.state === "attached" && this.#interface.options.length === 1) {
      net.Interfaces().then(
        (list) => this.#offer(list),
        () => {}, // it is asked for again, and told of, when the work begins
      );
    } else if (this.#wanted !== "" && !this.#job.isRunning) {
      this.#choose(this.#wanted);
    }
    return this.#wanted === "" ? this.#params() : params;
  }

  #params(): Route["params"] {
    return { interface: this.#interface.value };
  }

  #offer(list: readonly net.Interface[]): void {
    const chosen = this.#wanted === "" ? this.#interface.value : this.#wanted;
    const [first] = this.#interface.options;
    const names = list.filter(isUp).map((ifi) => {
      const note = canMulticast(ifi) ? "" : " (without the flag multicast)";
      return el("option", { value: ifi.Name }, `${visibleText(ifi.Name)}${note}`);
    });
    this.#interface.replaceChildren(...(first === undefined ? [] : [first]), ...names);
    this.#choose(chosen);
  }

  #choose(name: string): void {
    this.#interface.value = name;
    if (this.#interface.selectedIndex < 0) {
      this.#interface.value = "";
    }
    this.#wanted = "";
  }

  async #discover(signal: AbortSignal): Promise<void> {
    this.#forget();
    if (!this.#mdns.input.checked && !this.#ssdp.input.checked) {
      this.#fail("choose mDNS, SSDP or both");
      return;
    }
    const memberships: Membership[] = [];
    const timers: ReturnType<typeof setInterval>[] = [];
    try {
      const list = await net.Interfaces(signal);
      this.#offer(list);
      const name = this.#interface.value;
      const chosen = list.filter((ifi) => (name === "" ? isUp(ifi) && canMulticast(ifi) : ifi.Name === name));
      this.#where = chosen.map((ifi) => visibleText(ifi.Name)).join(", ");
      const browser = new ServiceBrowser();
      const mdns = this.#mdns.input.checked
        ? await this.#join(chosen, mdnsGroup, signal, (datagram) => this.#onMDNS(browser, datagram))
        : [];
      memberships.push(...mdns);
      const ssdp = this.#ssdp.input.checked
        ? await this.#join(chosen, ssdpGroup, signal, (datagram, from) => this.#onSSDP(datagram, from))
        : [];
      memberships.push(...ssdp);
      if (memberships.length === 0) {
        this.#fail(this.#where === "" ? "no interface that is up can multicast" : "nothing could be opened");
        return;
      }
      const askAll = (): void => {
        for (const membership of ssdp) {
          this.#send(membership, searchMessage(membership.group, searchWaitSeconds));
        }
        browser.repeat();
      };
      askAll();
      timers.push(
        ...askAgainMs.map((ms) => setTimeout(askAll, ms)),
        setInterval(() => this.#flush(browser, mdns), flushMs),
      );
      this.#context.announce(`Listening on ${this.#where}`);
      const stopped = new Promise((stop) =>
        signal.addEventListener("abort", () => stop(null), { once: true }),
      );
      const err = await Promise.race([
        signal.aborted ? null : stopped,
        ...memberships.map(({ over }) => over),
      ]);
      if (err !== null && !signal.aborted) {
        this.#problem(err);
      }
    } catch (err) {
      if (!signal.aborted) {
        this.#problem(err);
      }
    } finally {
      for (const timer of timers) {
        clearInterval(timer);
      }
      await Promise.all(memberships.map((membership) => membership.close()));
      this.#draw();
      this.#sum("Stopped");
      this.#summary.repeat();
    }
  }

  async #join(
    list: readonly net.Interface[],
    group: Group,
    signal: AbortSignal,
    onDatagram: OnDatagram,
  ): Promise<Membership[]> {
    const on = {
      signal,
      onError: (err: unknown) => this.#problem(err),
      onDatagram: (datagram: Uint8Array, from: net.UDPAddr) => {
        this.#datagrams++;
        onDatagram(datagram, from);
      },
    };
    return (await Promise.all(list.map((ifi) => join(ifi, group, on)))).flat();
  }

  #onMDNS(browser: ServiceBrowser, datagram: Uint8Array): void {
    try {
      browser.add(parseResponse(datagram) ?? []);
    } catch {
      this.#malformed++; // whoever wrote it, there is nothing in it to show
    }
  }

  #onSSDP(datagram: Uint8Array, from: net.UDPAddr): void {
    const message = parseSSDP(datagram);
    if (message === null) {
      return;
    }
    const { header } = message;
    const type = header.get("ST") ?? header.get("NT") ?? "";
    const name = header.get("USN") ?? `${from.IP?.String()} ${type}`;
    const isGone = header.get("NTS") === "ssdp:byebye";
    const known = this.#found.get(`ssdp ${name}`);
    if (isGone) {
      if (known !== undefined) {
        this.#set(`ssdp ${name}`, known.cells, true);
      }
      return;
    }
    const says = [header.get("LOCATION") ?? "", header.get("USN") ?? ""].filter((text) => text !== "");
    this.#set(`ssdp ${name}`, [
      "SSDP",
      short(header.get("SERVER") ?? ""),
      short(type),
      from.IP?.String() ?? "",
      lines(says.map((text) => short(text))),
    ]);
  }

  #set(key: string, cells: readonly Cell[], isGone = false): void {
    const known = this.#found.get(key);
    if (known === undefined && this.#found.size >= maxRows - (key.startsWith("ssdp") ? maxDevices : 0)) {
      return;
    }
    const found = known ?? { cells, isGone, row: null };
    found.cells = cells;
    found.isGone = isGone;
    this.#found.set(key, found);
    this.#dirty.add(found);
  }

  // flush asks what the answers have led to, and shows what they said.
  #flush(browser: ServiceBrowser, memberships: readonly Membership[]): void {
    const questions = browser.nextQuestions(questionsAtOnce);
    if (questions.length > 0) {
      const message = encodeQuestions(questions);
      for (const membership of memberships) {
        this.#send(membership, message);
      }
    }
    for (const service of browser.changes()) {
      this.#set(
        `mdns ${service.name}`,
        serviceCells(service, browser.addresses(service.host)),
        service.isGone,
      );
    }
    this.#draw();
    this.#sum("Listening");
  }

  #send(membership: Membership, message: Uint8Array): void {
    membership.ask(message).catch((err: unknown) => {
      if (!net.errors.Is(err, net.ErrClosed)) {
        this.#problem(err);
      }
    });
  }

  #draw(): void {
    for (const found of this.#dirty) {
      const tone = found.isGone ? "warn" : "plain";
      const [by = "", ...rest] = found.cells;
      const cells = [
        found.isGone ? el("span", { class: "tone" }, by, el("small", {}, "said goodbye")) : by,
        ...rest,
      ];
      if (found.row === null) {
        found.row = this.#table.append(cells, tone);
      } else {
        found.row.cells.forEach((cell, i) => {
          cell.replaceChildren(cells[i] ?? "");
        });
        found.row.element.dataset["tone"] = tone;
      }
    }
    this.#dirty.clear();
  }

  #sum(state: string): void {
    const count = this.#found.size;
    const broken = this.#malformed === 0 ? "" : `, ${formatCount(this.#malformed)} of them malformed`;
    const text = `${state} on ${this.#where}: ${formatCount(count)} found, ${formatCount(this.#datagrams)} datagrams${broken}`;
    if (this.#where !== "" && text !== this.#summary.text) {
      this.#summary.show(text);
      this.#show();
    }
  }

  #forget(): void {
    this.#table.clear();
    this.#found.clear();
    this.#dirty.clear();
    this.#errors.replaceChildren();
    this.#datagrams = 0;
    this.#malformed = 0;
    this.#where = "";
    this.#summary.show("Asking…");
  }

  // One and the same error may come from every interface, many times over.
  #problem(err: unknown): void {
    const { text, detail } = errorText(err);
    const said = detail === "" ? text : `${text}: ${detail}`;
    const isKnown = [...this.#errors.children].some((item) => item.textContent === said);
    if (!isKnown && this.#errors.children.length < maxProblems) {
      this.#errors.append(el("li", {}, said));
      this.#context.announce(said, "assertive");
    }
  }

  #fail(text: string): void {
    this.#summary.fail(text);
    this.#where = "";
  }

  #show(): void {
    const isRunning = this.#job.isRunning;
    this.#interface.disabled = isRunning;
    this.#mdns.input.disabled = isRunning;
    this.#ssdp.input.disabled = isRunning;
    this.#work.hidden = !isRunning && this.#summary.text === "";
    this.#copyAll.hidden = this.#found.size === 0;
    this.#empty.hidden = this.#found.size > 0;
    this.#table.element.hidden = this.#found.size === 0;
  }

  async #copy(): Promise<void> {
    const isCopied = await copyText(this.#table.text(), this.#table.body);
    this.#context.announce(isCopied ? "Copied" : "Selected: press Ctrl+C to copy");
  }
}

function isUp(ifi: net.Interface): boolean {
  return (ifi.Flags & net.FlagUp) !== 0;
}

function canMulticast(ifi: net.Interface): boolean {
  return (ifi.Flags & net.FlagMulticast) !== 0;
}

function serviceCells(service: Service, addresses: readonly net.IP[]): Cell[] {
  const { label, type, host, port, strings } = service;
  const where: Cell[] = host === "" ? ["not answered yet"] : [short(net.JoinHostPort(host, String(port)))];
  const isTCP = /\._tcp\.local$/i.test(type);
  for (const ip of addresses) {
    const isLocal = ip.To4() === null && ip.IsLinkLocalUnicast();
    const address = net.JoinHostPort(ip.String(), String(port));
    // An address that is of this link alone is none without the interface.
    where.push(isTCP && !isLocal && port > 0 ? consoleLink(address) : ip.String());
  }
  const says = strings.map((string) => short(textOf(visible(string)), true));
  return ["mDNS", short(label), short(type.replace(/\.local$/i, "")), lines(where), lines(says)];
}

function consoleLink(address: string): HTMLElement {
  return el("a", { href: formatRoute({ tool: "tcp", params: { target: address } }) }, address);
}

function lines(cells: readonly Cell[]): HTMLElement {
  return el("div", {}, ...cells.map((cell) => el("div", {}, cell)));
}

// short is a text of the network as it is shown: everything in it can be seen, and there is not too much of it.
function short(text: string, isVisible = false): string {
  const shown = isVisible ? text : visibleText(text);
  return shown.length <= maxCellChars ? shown : `${shown.slice(0, maxCellChars)}…`;
}
