import { expect, test } from "vitest";
import type { DNSRecord } from "../parts/dnsrecords.js";
import { maxServices, maxTypes, ServiceBrowser } from "./servicebrowser.js";

const all = Number.POSITIVE_INFINITY;
const ttl = 120;
const pointer = (name: string, target: string, seconds = ttl): DNSRecord => ({
  name,
  ttl: seconds,
  type: "PTR",
  target,
});
const names = (browser: ServiceBrowser) =>
  browser.nextQuestions(all).map(({ name, type }) => `${type} ${name}`);

test("asks from types to instances, from instances to hosts", () => {
  const browser = new ServiceBrowser();
  expect(names(browser)).toContain("PTR _services._dns-sd._udp.local");
  browser.add([pointer("_services._dns-sd._udp.local", "_foo._tcp.local")]);
  expect(names(browser)).toEqual(["PTR _foo._tcp.local"]);
  browser.add([pointer("_foo._tcp.local", "A\\.b._foo._tcp.local")]);
  expect(names(browser)).toEqual(["SRV A\\.b._foo._tcp.local", "TXT A\\.b._foo._tcp.local"]);
  browser.add([{ name: "a\\.b._foo._tcp.local", ttl, type: "SRV", target: "host.local", port: 80 }]);
  expect(names(browser)).toEqual(["A host.local", "AAAA host.local"]);
  browser.changes();
  browser.add([{ name: "HOST.local", ttl, type: "A", address: Uint8Array.of(192, 0, 2, 1) }]);
  expect(names(browser)).toEqual([]);
  expect(browser.changes()).toMatchObject([
    { label: "A.b", type: "_foo._tcp.local", host: "host.local", port: 80 },
  ]);
  expect(browser.addresses("host.local").map(String)).toEqual(["192.0.2.1"]);
});

test("takes everything from one message, in whatever order", () => {
  const browser = new ServiceBrowser();
  browser.add([
    { name: "h.local", ttl, type: "AAAA", address: new Uint8Array(16) },
    { name: "x._http._tcp.local", ttl, type: "SRV", target: "h.local", port: 8080 },
    pointer("_http._tcp.local", "x._http._tcp.local"),
  ]);
  expect(browser.changes()).toMatchObject([{ host: "h.local", port: 8080 }]);
  expect(names(browser).filter((question) => /h\.local|x\./.test(question))).toEqual([]);
});

test("a goodbye marks a service, and its return unmarks it", () => {
  const browser = new ServiceBrowser();
  const here = pointer("_http._tcp.local", "x._http._tcp.local");
  browser.add([here]);
  browser.add([pointer("_http._tcp.local", "x._http._tcp.local", 0)]);
  expect(browser.changes()).toMatchObject([{ isGone: true }]);
  browser.add([here]);
  expect(browser.changes()).toMatchObject([{ isGone: false }]);
});

test("what is no service is left out", () => {
  const browser = new ServiceBrowser();
  browser.add([
    pointer("1.2.0.192.in-addr.arpa", "host.local"),
    pointer("_http._tcp.local", "x._ssh._tcp.local"),
    pointer("_http._tcp.local", "_http._tcp.local"),
    pointer("_services._dns-sd._udp.local", "evil.example"),
    { name: "never-heard-of._http._tcp.local", ttl, type: "SRV", target: "h.local", port: 1 },
  ]);
  expect(browser.changes()).toEqual([]);
  expect(names(browser).filter((question) => /evil|h\.local/.test(question))).toEqual([]);
});

test("a network that makes things up fills what is kept, and no more", () => {
  const browser = new ServiceBrowser();
  browser.nextQuestions(all);
  for (let i = 0; i < maxTypes + 50; i++) {
    browser.add([pointer("_services._dns-sd._udp.local", `_t${i}._tcp.local`)]);
  }
  expect(browser.nextQuestions(all).length).toBeLessThan(maxTypes);
  for (let i = 0; i < maxServices + 50; i++) {
    browser.add([pointer("_http._tcp.local", `s${i}._http._tcp.local`)]);
  }
  expect(browser.changes()).toHaveLength(maxServices);
  expect(browser.nextQuestions(all)).toHaveLength(2 * maxServices);
});
