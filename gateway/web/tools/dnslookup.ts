// DNS lookups: every kind of Go's Resolver, by the gateway's name servers or by one that somebody names.

import * as net from "gonet";
import { button, el, field, select } from "../dom.js";
import { errorText } from "../parts/errors.js";
import { formatLatency, formatTime } from "../parts/format.js";
import { addressInput, suggestions } from "../parts/inputs.js";
import { Job } from "../parts/job.js";
import { RecentLinks, recentParams } from "../parts/recentlinks.js";
import { copyText } from "../parts/save.js";
import { visibleText } from "../parts/visible.js";
import type { Route } from "../route.js";
import {
  type Answer,
  isKindName,
  type Kind,
  type KindName,
  kinds,
  type Query,
  serverAddress,
  usualKinds,
} from "./lookups.js";
import type { OpenTool, Tool, ToolContext } from "./tool.js";

type Params = Route["params"];

const protos = ["tcp", "udp"] as const;

// So many lookups are kept on the page; older ones go.
const maxShown = 100;

/** dnsLookup is the tool. */
export const dnsLookup: Tool = {
  id: "dns",
  name: "DNS lookup",
  group: "Look up",
  summary: "Look names up as Go's Resolver does",
  open: (context) => new DNSLookup(context),
};

type Choice = KindName | "usual";

interface Asked {
  readonly kind: Kind;
  readonly query: Query;
  /** server is whom to ask, or empty for those of the gateway. */
  readonly server: string;
}

class DNSLookup implements OpenTool {
  readonly element: HTMLElement;
  readonly #context: ToolContext;
  readonly #kind = select<Choice>([
    ["usual", "The usual ones"],
    ...Object.entries(kinds).map(([name, { text }]) => [name as KindName, text] as const),
  ]);
  readonly #name = addressInput("example.com", true);
  readonly #known = suggestions(this.#name);
  readonly #nameField = field("Name", this.#name, "wide");
  readonly #service = addressInput("sip");
  readonly #proto = select(protos.map((proto) => [proto, proto] as const));
  readonly #server = addressInput("those of the gateway");
  readonly #serviceField = field("Service", this.#service);
  readonly #protoField = field("Protocol", this.#proto.element);
  readonly #job: Job;
  readonly #recent = recentParams("dns");
  readonly #links: RecentLinks<Params>;
  readonly #list = el("ol", { class: "lookups", "aria-label": "Lookups, the newest first" });
  readonly #empty: HTMLElement;
  // repeated is what the job does next instead of what the form says.
  #repeated: Asked | null = null;

  constructor(context: ToolContext) {
    this.#context = context;
    this.#links = new RecentLinks(this.#recent, {
      route: (params) => ({ tool: "dns", params }),
      text: ({ kind = "", name = "", service = "", proto = "", server = "" }) =>
        [
          kind === "" ? "" : kind.toUpperCase(),
          service === "" ? "" : `${service} ${proto}`,
          name,
          server === "" ? "" : `@${server}`,
        ]
          .filter((s) => s !== "")
          .join(" "),
      onForget: () => this.#name.focus(),
    });
    this.#job = new Job({
      start: "Look up",
      stop: "Cancel",
      work: (signal) => this.#lookUp(signal),
      onChange: () => this.#show(),
    });
    const form = el(
      "form",
      { class: "dial" },
      field("Kind", this.#kind.element),
      this.#nameField,
      this.#known.element,
      this.#serviceField,
      this.#protoField,
      field("Name server", this.#server),
      this.#job.element,
    );
    this.#empty = el(
      "div",
      { class: "empty" },
      el(
        "p",
        {},
        "Names are looked up on the gateway's machine: its hosts file first, then its name servers. If you name a server, like 192.0.2.53 or [2001:db8::53]:5353, the page itself asks that one, by UDP and TCP through the gateway.",
      ),
      this.#links.element,
    );
    this.element = el("div", { class: "tool dns" }, form, this.#empty, this.#list);
    this.#job.listen(form, this.element);
    this.#kind.element.addEventListener("change", () => this.#show());
    form.addEventListener("input", () => this.#context.setParams(this.#params()));
    this.#show();
  }

  show(params: Params): Params {
    const { name = "", kind, service = "", proto, server = "" } = params;
    if (name !== "" && !this.#job.isRunning) {
      this.#name.value = name;
      this.#kind.value = isKindName(kind) ? kind : "usual";
      this.#service.value = service;
      this.#proto.value = protos.find((p) => p === proto) ?? "tcp";
      this.#server.value = server;
      this.#show();
    }
    return this.#params();
  }

  #params(): Params {
    const kind = this.#kind.value;
    const proto = this.#proto.value;
    return {
      name: this.#name.value.trim(),
      kind: kind === "usual" ? "" : kind,
      service: kind === "srv" ? this.#service.value.trim() : "",
      proto: (kind === "srv" || kind === "port") && proto !== "tcp" ? proto : "",
      server: this.#server.value.trim(),
    };
  }

  async #lookUp(signal: AbortSignal): Promise<void> {
    const repeated = this.#repeated;
    this.#repeated = null;
    if (repeated !== null) {
      const card = await this.#ask(repeated, signal);
      card.querySelector("button")?.focus();
      return;
    }
    const params = this.#params();
    const { name = "", service = "", server = "" } = params;
    const proto = this.#proto.value;
    const choice = this.#kind.value;
    const hasService = service !== "";
    const query: Query = { name, service, proto: hasService ? proto : "", network: proto };
    this.#recent.add(params);
    const asked = (choice === "usual" ? usualKinds : [choice]).map((k) => ({
      kind: kinds[k],
      query,
      server,
    }));
    // Prepended one by one, the first has to come last.
    await Promise.all(asked.reverse().map((one) => this.#ask(one, signal)));
    this.#links.show();
  }

  // ask looks one thing up and shows it, on top of what was looked up before.
  async #ask(asked: Asked, signal: AbortSignal): Promise<HTMLElement> {
    const { kind, query, server } = asked;
    const call = kind.call(query);
    const waiting = waitingCard(call, server);
    this.#list.prepend(waiting);
    this.#list.children[maxShown]?.remove();
    this.#show();
    const resolver = resolverFor(server);
    const start = performance.now();
    let answer: Answer | null = null;
    let failure: unknown = null;
    try {
      answer = kind.answer((await kind.results(resolver, query, signal)) as never);
    } catch (err) {
      failure = err;
      // What was found in spite of the error.
      const { results } = err as { results?: unknown };
      answer = results === undefined ? null : kind.answer(results as never);
    }
    const took = formatLatency(performance.now() - start);
    const card = this.#card(asked, took, answer, failure);
    waiting.replaceWith(card);
    const said = failure === null ? `${answer?.rows.length ?? 0} found` : errorText(failure).text;
    this.#context.announce(`${visibleText(call)}: ${said}`, failure === null ? "polite" : "assertive");
    return card;
  }

  #card(asked: Asked, took: string, answer: Answer | null, failure: unknown): HTMLElement {
    const { kind, query, server } = asked;
    const call = visibleText(kind.call(query));
    const body = el("div", { class: "found" });
    if (failure !== null) {
      const { text, detail } = errorText(failure);
      body.append(el("p", { class: "failed" }, text), ...(detail === "" ? [] : [el("small", {}, detail)]));
    }
    if (answer !== null) {
      body.append(answerTable(call, answer));
    }
    const by = server === "" ? "" : ` by ${visibleText(server)}`;
    const text = (): string =>
      [
        `${call}${by}: ${took}`,
        ...(failure === null ? [] : [errorText(failure).text]),
        ...linesOf(answer),
        "",
      ].join("\n");
    return el(
      "li",
      { class: "lookup", "data-tone": failure === null ? "good" : "bad" },
      el(
        "div",
        { class: "lookup-head" },
        el("h3", {}, call),
        el("span", { class: "when" }, `${took}${by}, at ${formatTime(Date.now())}`),
        named(
          button("Repeat", () => this.#repeat(asked), { kind: "quiet" }),
          `Repeat ${call}`,
        ),
        named(
          button("Copy", () => void this.#copy(text(), body), { kind: "quiet" }),
          `Copy the answer to ${call}`,
        ),
      ),
      body,
    );
  }

  #repeat(asked: Asked): void {
    if (!this.#job.isRunning) {
      this.#repeated = asked;
      void this.#job.run();
    }
  }

  async #copy(text: string, body: HTMLElement): Promise<void> {
    const isCopied = await copyText(text, body);
    this.#context.announce(isCopied ? "Copied" : "Selected: press Ctrl+C to copy");
  }

  #show(): void {
    const { isRunning } = this.#job;
    const choice = this.#kind.value;
    for (const input of [this.#name, this.#service, this.#server]) {
      input.readOnly = isRunning;
    }
    this.#kind.element.disabled = isRunning;
    this.#proto.element.disabled = isRunning;
    const { label, placeholder } = choice === "usual" ? kinds.host : kinds[choice];
    (this.#nameField.firstElementChild as HTMLElement).textContent = label;
    this.#name.placeholder = placeholder;
    this.#serviceField.hidden = choice !== "srv";
    this.#protoField.hidden = choice !== "srv" && choice !== "port";
    this.#empty.hidden = this.#list.childElementCount > 0;
    this.#list.hidden = !this.#empty.hidden;
    this.#known.show(this.#recent.items.map(({ name = "" }) => name));
    this.#links.show();
  }
}

/** resolverFor asks the server that somebody named, or, if that is empty, those of the gateway. */
function resolverFor(server: string): net.Resolver {
  if (server === "") {
    return net.DefaultResolver;
  }
  const address = serverAddress(server);
  return new net.Resolver({
    PreferGo: true,
    Dial: (network, _, signal) => net.Dial(network, address, signal),
  });
}

function waitingCard(call: string, server: string): HTMLElement {
  const whom = server === "" ? "the gateway's name servers" : visibleText(server);
  const head = el(
    "div",
    { class: "lookup-head" },
    el("h3", {}, visibleText(call)),
    el("span", { class: "when" }, `asking ${whom}…`),
  );
  return el("li", { class: "lookup", "data-tone": "plain" }, head);
}

// named gives a button a name for those who do not see what it belongs to.
function named(element: HTMLButtonElement, name: string): HTMLButtonElement {
  element.setAttribute("aria-label", name);
  return element;
}

function answerTable(call: string, { columns, rows, note }: Answer): HTMLElement {
  const isNumber = (i: number): boolean => rows.every((row) => /^\d+$/.test(row[i] ?? ""));
  const kindOf = columns.map((_, i) => (columns.length > 1 && isNumber(i) ? "number" : "code"));
  const head = columns.map((name, i) => el("th", { scope: "col", class: kindOf[i] ?? "" }, name));
  const body = rows.map((row) =>
    el("tr", {}, ...row.map((value, i) => el("td", { class: kindOf[i] ?? "" }, visibleText(value)))),
  );
  return el(
    "div",
    {},
    el(
      "table",
      { class: columns.length === 1 ? "single" : "several", "aria-label": `Answer to ${call}` },
      el("thead", {}, el("tr", {}, ...head)),
      el("tbody", {}, ...body),
    ),
    note === "" ? null : el("small", {}, visibleText(note)),
  );
}

function linesOf(answer: Answer | null): string[] {
  return answer === null ? [] : answer.rows.map((row) => row.map(visibleText).join("\t"));
}
