// Ping: echo requests over a raw socket, with a plot of how long the replies take.

import * as net from "gonet";
import { button, el, field, select } from "../dom.js";
import { errorText, rawSocketHint } from "../parts/errors.js";
import { Facts } from "../parts/facts.js";
import { formatClock, formatCount, formatLatency } from "../parts/format.js";
import { addressInput, numberInput, suggestions } from "../parts/inputs.js";
import { Job } from "../parts/job.js";
import { keepPage } from "../parts/keep.js";
import { Plot } from "../parts/plot.js";
import { RecentLinks, recentParams } from "../parts/recentlinks.js";
import { ResultTable } from "../parts/resulttable.js";
import { RoundTrips } from "../parts/roundtrips.js";
import { copyText } from "../parts/save.js";
import { Summary } from "../parts/summary.js";
import { visibleText } from "../parts/visible.js";
import type { Route } from "../route.js";
import { ping, type Reply } from "./pinger.js";
import { gatewayTrip, ipNetworks, isIPNetwork, rawTarget } from "./rawip.js";
import type { OpenTool, Tool, ToolContext } from "./tool.js";

type Params = Route["params"];

const msPerSecond = 1000;
const plottedRequests = 60;
const maxRows = 500;

const limits = {
  count: {
    value: 0,
    min: 0,
    max: 1_000_000,
    title: "How many requests are sent; 0 goes on until it is stopped",
  },
  interval: { value: 1, min: 0.05, max: 3600, step: "any", title: "Seconds from one request to the next" },
  timeout: {
    value: 2,
    min: 0.05,
    max: 120,
    step: "any",
    title: "After so many seconds without a reply a request is lost",
  },
  // A datagram of IP with its header and that of ICMP has 65535 at most; more is refused by the kernel, in its words.
  size: {
    value: 56,
    min: 0,
    max: 65_535,
    title: "Bytes of data in a request, besides the 8 of ICMP's header",
  },
} as const;

/** pingTool is the tool. */
export const pingTool: Tool = {
  id: "ping",
  name: "Ping",
  group: "Measure",
  summary: "Send ICMP echo requests and measure how long the replies take",
  open: (context) => new PingTool(context),
};

class PingTool implements OpenTool {
  readonly element: HTMLElement;
  readonly #context: ToolContext;
  readonly #host = addressInput("host", true);
  readonly #known = suggestions(this.#host);
  readonly #network = select(ipNetworks.map((name) => [name, name] as const));
  readonly #count = numberInput(limits.count);
  readonly #interval = numberInput(limits.interval);
  readonly #timeout = numberInput(limits.timeout);
  readonly #size = numberInput(limits.size);
  readonly #job: Job;
  readonly #recent = recentParams("ping");
  readonly #links: RecentLinks<Params>;
  readonly #facts = new Facts();
  readonly #plot = new Plot({
    label: "Round-trip time",
    series: [{ name: "Round trip", tone: "in" }],
    format: (ms) => `${Number(ms.toPrecision(3))} ms`,
    spanMs: plottedRequests * limits.interval.value * msPerSecond,
  });
  readonly #table = new ResultTable(
    "Replies, the newest first",
    [
      { name: "Seq", kind: "number" },
      { name: "At", kind: "short" },
      { name: "Time", kind: "number" },
      { name: "TTL", kind: "number" },
      { name: "Bytes", kind: "number" },
      { name: "What came", kind: "code" },
    ],
    maxRows,
  );
  readonly #summary: Summary;
  readonly #copyAll = button("Copy", () => void this.#copy(), { kind: "quiet", title: "Copy the results" });
  readonly #work: HTMLElement;
  readonly #empty: HTMLElement;
  #trips = new RoundTrips();
  #lost = 0;
  #sentAt = new Map<number, number>();
  #target = "";

  constructor(context: ToolContext) {
    this.#context = context;
    this.#summary = new Summary(context.announce);
    this.#links = new RecentLinks(this.#recent, {
      route: (params) => ({ tool: "ping", params }),
      text: ({ host = "", network = "" }) => (network === "" ? host : `${network} ${host}`),
      onForget: () => this.#host.focus(),
    });
    this.#job = new Job({
      start: "Ping",
      stop: "Stop",
      work: (signal) => this.#run(signal),
      onChange: () => this.#show(),
    });
    const form = el(
      "form",
      { class: "dial" },
      field("Host", this.#host, "wide"),
      this.#known.element,
      field("Network", this.#network.element),
      field("Count", this.#count.element),
      field("Interval, s", this.#interval.element),
      field("Timeout, s", this.#timeout.element),
      field("Size, B", this.#size.element),
      this.#job.element,
    );
    this.#work = el("div", { class: "work" }, this.#summary.element, this.#copyAll);
    this.#empty = el(
      "div",
      { class: "empty" },
      el(
        "p",
        {},
        "The gateway's machine sends the requests over a raw socket, which it must be permitted to open. Times are taken in this page: the way to the gateway and back is in each of them.",
      ),
      this.#links.element,
    );
    this.element = el(
      "div",
      { class: "tool ping" },
      form,
      this.#work,
      this.#facts.element,
      this.#plot.element,
      this.#empty,
      this.#table.element,
    );
    this.#job.listen(form, this.element);
    form.addEventListener("input", () => this.#context.setParams(this.#params()));
    this.#show();
  }

  show(params: Params): Params {
    const { host = "", network, count, interval, timeout, size } = params;
    if (host !== "" && !this.#job.isRunning) {
      this.#host.value = host;
      this.#network.value = isIPNetwork(network) ? network : "ip";
      this.#count.value = Number(count ?? limits.count.value);
      this.#interval.value = Number(interval ?? limits.interval.value);
      this.#timeout.value = Number(timeout ?? limits.timeout.value);
      this.#size.value = Number(size ?? limits.size.value);
    }
    return this.#params();
  }

  #params(): Params {
    const network = this.#network.value;
    const unless = (usual: number, n: number): string => (n === usual ? "" : String(n));
    return {
      host: this.#host.value.trim(),
      network: network === "ip" ? "" : network,
      count: unless(limits.count.value, this.#count.value),
      interval: unless(limits.interval.value, this.#interval.value),
      timeout: unless(limits.timeout.value, this.#timeout.value),
      size: unless(limits.size.value, this.#size.value),
    };
  }

  async #run(signal: AbortSignal): Promise<void> {
    this.#clear();
    const host = this.#host.value.trim();
    const params = this.#params();
    const intervalMs = this.#interval.value * msPerSecond;
    const release = keepPage();
    try {
      const target = await rawTarget(this.#network.value, host, signal);
      this.#facts.set("Way to the gateway", formatLatency(await gatewayTrip(signal)));
      const conn = await net.DialIP(target.network, null, target.addr, signal);
      this.#recent.add(params);
      const address = target.addr.String();
      this.#target = visibleText(host) === address ? address : `${visibleText(host)} (${address})`;
      this.#summary.say(`Pinging ${this.#target}`);
      this.#plot.spanMs = plottedRequests * intervalMs;
      this.#show();
      await ping({
        conn,
        version: target.version,
        count: this.#count.value,
        intervalMs,
        timeoutMs: this.#timeout.value * msPerSecond,
        dataBytes: this.#size.value,
        signal,
        onSent: (seq) => this.#onSent(seq),
        onReply: (reply) => this.#onReply(reply),
        onLost: (seq) => this.#onLost(seq),
        onError: (err) => this.#row("", [null, null, null], errorText(err).text, "bad"),
      });
      this.#summary.say(`${this.#target}: ${this.#trips.text().replace("\n", ", ")}`);
    } catch (err) {
      this.#fail(err);
    } finally {
      release();
    }
  }

  #clear(): void {
    this.#trips = new RoundTrips();
    this.#lost = 0;
    this.#sentAt = new Map();
    this.#target = "";
    this.#table.clear();
    this.#plot.clear();
    this.#summary.say("Looking up…");
    this.#showFacts();
  }

  #onSent(seq: number): void {
    this.#trips.sent++;
    this.#sentAt.set(seq, performance.now());
    this.#showFacts();
  }

  #onReply({ seq, from, bytes, ttl, ms, fate }: Reply): void {
    if (fate === "answered") {
      this.#row(String(seq), [ms, ttl, bytes], `once more from ${from}`, "warn");
      return;
    }
    this.#trips.add(ms);
    this.#lost -= fate === "lost" ? 1 : 0;
    this.#plot.add(this.#sentAt.get(seq) ?? 0, [ms]);
    this.#row(
      String(seq),
      [ms, ttl, bytes],
      fate === "lost" ? `late from ${from}` : `from ${from}`,
      fate === "lost" ? "warn" : "plain",
    );
    this.#showFacts();
  }

  #onLost(seq: number): void {
    this.#lost++;
    this.#plot.add(this.#sentAt.get(seq) ?? 0, [null]);
    this.#row(String(seq), [null, null, null], "no reply in time", "bad");
    this.#showFacts();
  }

  #row(
    seq: string,
    [ms, ttl, bytes]: readonly [ms: number | null, ttl: number | null, bytes: number | null],
    what: string,
    tone: "plain" | "warn" | "bad",
  ): void {
    const text = (v: number | null): string => (v === null ? "" : String(v));
    this.#table.prepend(
      [
        seq,
        formatClock(Date.now()),
        ms === null ? "" : formatLatency(ms),
        text(ttl),
        text(bytes),
        el("span", { class: "tone" }, what),
      ],
      tone,
    );
  }

  #showFacts(): void {
    const { sent, received, min, avg, max, stddev } = this.#trips;
    const time = (ms: number | null): string | null => (ms === null ? null : formatLatency(ms));
    this.#facts.set("Sent", formatCount(sent));
    this.#facts.set("Received", formatCount(received));
    this.#facts.set("Lost", `${formatCount(this.#lost)} (${this.#trips.lossText(received + this.#lost)})`);
    this.#facts.set("Min", time(min));
    this.#facts.set("Avg", time(avg));
    this.#facts.set("Max", time(max));
    this.#facts.set("Stddev", time(stddev));
  }

  #fail(err: unknown): void {
    this.#summary.fail(errorText(err).text, rawSocketHint(err));
    this.#host.focus();
  }

  #show(): void {
    const { isRunning } = this.#job;
    const isPinged = this.#target !== "";
    this.#host.readOnly = isRunning;
    this.#network.element.disabled = isRunning;
    for (const { element } of [this.#count, this.#interval, this.#timeout, this.#size]) {
      element.readOnly = isRunning;
    }
    this.element.dataset["state"] = isRunning ? "running" : "idle";
    this.#work.hidden = this.#summary.text === "";
    for (const element of [this.#facts.element, this.#plot.element, this.#table.element, this.#copyAll]) {
      element.hidden = !isPinged;
    }
    this.#empty.hidden = isPinged;
    this.#known.show(this.#recent.items.map(({ host = "" }) => host));
    this.#links.show();
  }

  async #copy(): Promise<void> {
    const text = `${this.#target}\n${this.#trips.text()}\n\n${this.#table.text()}`;
    const isCopied = await copyText(text, this.#table.element);
    this.#context.announce(isCopied ? "Copied" : "Selected: press Ctrl+C to copy");
  }
}
