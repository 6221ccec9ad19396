import { describe, expect, test } from "vitest";
import { Protocols, Services } from "./services.js";

describe("Services", () => {
  const services = new Services(
    [
      "# http 81/tcp",
      "web 8080/tcp www Web2 # a comment",
      "twice 1/tcp",
      "twice 2/tcp",
      "http 8000/tcp",
      "zero 0/tcp",
      "letters x/tcp",
      "none",
      "nonet 5",
      "nonet2 5/",
      "sctpish 7/sctp",
      "large 99999/tcp",
      `${"x".repeat(26)} 9/tcp`,
      "__proto__ 10/tcp",
    ].join("\n"),
  );

  test.each([
    ["tcp", "web", 8080],
    ["tcp", "WWW", 8080],
    ["udp", "web", undefined],
    ["tcp", "web2", undefined], // the file has it in other letters, which nobody can ask for
    ["tcp", "twice", 2],
    ["tcp", "http", 8000], // the file against what is built in
    ["tcp", "https", 443],
    ["udp", "domain", 53],
    ["tcp", "zero", undefined],
    ["tcp", "letters", undefined],
    ["tcp", "nonet", undefined],
    ["sctp", "sctpish", 7],
    ["tcp", "large", 99999], // who asks checks the range
    ["tcp", "x".repeat(26), undefined],
    ["tcp", "__proto__", 10],
    ["tcp", "toString", undefined],
    ["", "", undefined],
  ])("port of %s/%s is %s", (network, service, want) => {
    expect(services.port(network, service)).toBe(want);
  });

  test("without a file knows what is built in", () => {
    expect([new Services("").port("tcp", "ssh"), new Services("").port("tcp", "web")]).toEqual([
      22,
      undefined,
    ]);
  });
});

describe("Protocols", () => {
  const protocols = new Protocols("ip 0 IP\ntcp 99 TCP\nospf 89 OSPFIGP # routing\nospf 90\nbad x\n");

  test.each([
    ["ip", 0],
    ["tcp", 6],
    ["TCP", 6],
    ["ospf", 89],
    ["ospfigp", undefined], // the file has it in capitals, which nobody can ask for
    ["ipv6-icmp", 58],
    ["bad", undefined],
    ["x".repeat(30), undefined],
  ])("number of %s is %s", (name, want) => {
    expect(protocols.number(name)).toBe(want);
  });
});
