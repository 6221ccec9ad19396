// What multicast DNS says about services (RFC 6763): types lead to instances, instances to hosts, hosts to addresses. It
// gathers records, and says what to ask next. Everything that a network can make grow is bounded.

import { IP } from "gonet";
import { type DNSQuestion, type DNSRecord, firstLabel } from "../parts/dnsrecords.js";

const allTypes = "_services._dns-sd._udp.local";

/** commonTypes are asked for at once: not every responder answers the question for all types. */
export const commonTypes = [
  "_http._tcp",
  "_https._tcp",
  "_ssh._tcp",
  "_sftp-ssh._tcp",
  "_ipp._tcp",
  "_printer._tcp",
  "_smb._tcp",
  "_workstation._tcp",
  "_airplay._tcp",
  "_googlecast._tcp",
  "_hap._tcp",
].map((type) => `${type}.local`);

/** maxTypes, maxServices and maxHosts bound what is kept. */
export const maxTypes = 100;
export const maxServices = 500;
export const maxHosts = 500;
const maxAddresses = 16;
const maxStrings = 64;

/** Service is an instance of a type. */
export interface Service {
  /** name is its whole name, by which it is known. */
  readonly name: string;
  readonly label: string;
  readonly type: string;
  /** host and port are where it is; host is "" as long as that is not known. */
  host: string;
  port: number;
  strings: readonly Uint8Array[];
  /** isGone says that it said goodbye. */
  isGone: boolean;
}

const typePattern = /^_[^.]+\._(tcp|udp)\.local$/i;

/** ServiceBrowser gathers. */
export class ServiceBrowser {
  readonly #types = new Set<string>();
  readonly #services = new Map<string, Service>();
  readonly #hosts = new Map<string, Map<string, IP>>();
  readonly #changed = new Set<Service>();
  // open is the services that may lack something.
  readonly #open = new Set<Service>();
  #questions: DNSQuestion[] = [];

  constructor() {
    this.#ask(allTypes, "PTR");
    for (const type of commonTypes) {
      this.#addType(type);
    }
  }

  /** nextQuestions is what is to be asked now, at most n; each is asked once. */
  nextQuestions(n: number): DNSQuestion[] {
    return this.#questions.splice(0, n);
  }

  /** repeat has everything that is still without an answer asked again. */
  repeat(): void {
    this.#ask(allTypes, "PTR");
    for (const type of this.#types) {
      this.#ask(type, "PTR");
    }
    for (const service of this.#services.values()) {
      this.#askFor(service);
    }
  }

  /** changes is the services that changed since it was asked for last. */
  changes(): Service[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  /** addresses is those of a host. */
  addresses(host: string): IP[] {
    return [...(this.#hosts.get(key(host))?.values() ?? [])];
  }

  /** add takes the records of a message, in an order in which each finds what it is about. */
  add(records: readonly DNSRecord[]): void {
    for (const type of ["PTR", "SRV", "TXT", "A", "AAAA"]) {
      for (const record of records) {
        if (record.type === type) {
          this.#take(record);
        }
      }
    }
    // Now, because the message may have answered what a record of it leads to.
    for (const service of this.#open) {
      this.#askFor(service);
    }
    this.#open.clear();
  }

  #take(record: DNSRecord): void {
    const service = this.#services.get(key(record.name));
    switch (record.type) {
      case "PTR":
        return this.#pointer(record.name, record.target, record.ttl);
      case "SRV":
        if (service !== undefined && record.ttl > 0) {
          service.host = record.target;
          service.port = record.port;
          this.#changed.add(service);
          this.#open.add(service);
        }
        return;
      case "TXT":
        if (service !== undefined && record.ttl > 0) {
          service.strings = record.strings.slice(0, maxStrings);
          this.#changed.add(service);
        }
        return;
      default:
        return this.#address(record.name, new IP(record.address));
    }
  }

  #pointer(name: string, target: string, ttl: number): void {
    if (key(name) === allTypes) {
      this.#addType(target);
      return;
    }
    const [label, type] = firstLabel(target);
    if (!typePattern.test(type) || key(type) !== key(name)) {
      return; // no service: the name of an address, or a sub-type
    }
    const known = this.#services.get(key(target));
    if (known !== undefined) {
      if (known.isGone !== (ttl === 0)) {
        known.isGone = ttl === 0;
        this.#changed.add(known);
      }
      return;
    }
    if (ttl === 0 || this.#services.size >= maxServices) {
      return;
    }
    const service = { name: target, label, type, host: "", port: 0, strings: [], isGone: false };
    this.#services.set(key(target), service);
    this.#changed.add(service);
    this.#open.add(service);
  }

  #address(host: string, ip: IP): void {
    let known = this.#hosts.get(key(host));
    if (known === undefined) {
      if (this.#hosts.size >= maxHosts) {
        return;
      }
      known = new Map();
      this.#hosts.set(key(host), known);
    }
    const text = ip.String();
    if (known.has(text) || known.size >= maxAddresses) {
      return;
    }
    known.set(text, ip);
    for (const service of this.#services.values()) {
      if (key(service.host) === key(host)) {
        this.#changed.add(service);
      }
    }
  }

  #addType(type: string): void {
    if (typePattern.test(type) && !this.#types.has(key(type)) && this.#types.size < maxTypes) {
      this.#types.add(key(type));
      this.#ask(type, "PTR");
    }
  }

  #askFor(service: Service): void {
    if (service.host === "") {
      this.#ask(service.name, "SRV");
      this.#ask(service.name, "TXT");
    } else if (!this.#hosts.has(key(service.host))) {
      this.#ask(service.host, "A");
      this.#ask(service.host, "AAAA");
    }
  }

  #ask(name: string, type: DNSQuestion["type"]): void {
    if (!this.#questions.some((q) => q.name === name && q.type === type)) {
      this.#questions.push({ name, type });
    }
  }
}

// Names are compared without regard to the case of ASCII letters.
function key(name: string): string {
  return name.replace(/[A-Z]/g, (c) => c.toLowerCase());
}
