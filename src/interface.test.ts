import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Net } from "./connect.js";
import { FlagBroadcast, FlagLoopback, FlagMulticast, Flags, FlagUp } from "./interface.js";
import { type Joined, overMemory } from "./testing/gateways.js";

describe("Flags", () => {
  test.each([
    [0, "0"],
    [1, "up"],
    [5, "up|loopback"],
    [63, "up|broadcast|loopback|pointtopoint|multicast|running"],
    [64, "0"],
  ])("%i is %s", (f, text) => {
    expect(Flags(f).String()).toBe(text);
    expect(`${Flags(f)}`).toBe(text);
  });

  test("are numbers", () => {
    expect(FlagUp | FlagBroadcast).toBe(3);
    expect(Flags(FlagUp | FlagMulticast).String()).toBe("up|multicast");
    expect(Flags(6) & FlagLoopback).toBe(4);
    expect(Number(FlagLoopback)).toBe(4);
  });
});

describe("interfaces", () => {
  let joined: Joined;
  let net: Net;

  beforeAll(async () => {
    joined = await overMemory();
    net = joined.net;
  });

  afterAll(() => joined.close());

  test("the machine's own are all there, with their addresses", async () => {
    const listed = await net.Interfaces();
    expect(listed.map((ifi) => ifi.Index)).toEqual(listed.map((ifi) => ifi.Index).sort((a, b) => a - b));
    for (const [name, addresses] of Object.entries(networkInterfaces())) {
      const ifi = listed.find((i) => i.Name === name);
      expect(ifi, name).toBeDefined();
      expect((ifi?.Flags ?? 0) & FlagUp).toBe(1);
      const own = (await ifi?.Addrs())?.map((a) => a.String()) ?? [];
      for (const { cidr } of addresses ?? []) expect(own).toContain(cidr);
      const [first] = addresses ?? [];
      if (first !== undefined && !first.internal) expect(ifi?.HardwareAddr.String()).toBe(first.mac);
    }
    const every = (await net.InterfaceAddrs()).map((a) => a.String());
    const each = await Promise.all(listed.map((ifi) => ifi.Addrs()));
    expect(every.sort()).toEqual(
      each
        .flat()
        .map((a) => a.String())
        .sort(),
    );
  });

  test("by name, by index, made from an index", async () => {
    const lo = await net.InterfaceByName("lo");
    expect([lo.Name, lo.Flags & FlagLoopback]).toEqual(["lo", 4]);
    expect(lo.MTU).toBeGreaterThanOrEqual(1500);
    expect((await net.InterfaceByIndex(lo.Index)).Name).toBe("lo");
    const [first] = await lo.Addrs();
    expect(first).toBeInstanceOf(net.IPNet);
    expect([first?.Network(), first?.String()]).toEqual(["ip+net", "127.0.0.1/8"]);
    const own = new net.Interface({ Index: lo.Index });
    expect(own).toBeInstanceOf(net.Interface);
    expect((await own.Addrs()).map(String)).toEqual((await lo.Addrs()).map(String));
    expect(await new net.Interface().Addrs()).toEqual([]);
    expect(await new net.Interface({ Index: -1 }).MulticastAddrs()).toEqual([]);
  });

  test("a signal gives up", async () => {
    const gone = AbortSignal.abort();
    for (const act of [
      () => net.Interfaces(gone),
      () => net.InterfaceAddrs(gone),
      () => net.InterfaceByName("lo", gone),
      () => net.InterfaceByIndex(1, gone),
      () => new net.Interface({ Index: 1 }).Addrs(gone),
      () => new net.Interface({ Index: 1 }).MulticastAddrs(gone),
    ]) {
      await expect(act()).rejects.toThrow("route ip+net: operation was canceled");
    }
  });

  test("groups come and go with those who joined", async () => {
    const lo = await net.InterfaceByName("lo");
    const group = new net.UDPAddr({ IP: net.IPv4(224, 0, 0, 199), Port: 0 });
    const joinedGroups = async (): Promise<string[]> =>
      (await lo.MulticastAddrs()).map((a) => {
        expect(a).toBeInstanceOf(net.IPAddr);
        return a.String();
      });
    const before = await joinedGroups();
    const m = await net.ListenMulticastUDP("udp4", lo, group);
    expect(await joinedGroups()).toContain("224.0.0.199");
    await m.Close();
    expect(await joinedGroups()).toEqual(before);
  });

  test.each([
    ["no name", (net: Net) => net.InterfaceByName(""), "invalid network interface name"],
    ["an unknown name", (net: Net) => net.InterfaceByName("nosuch0"), "no such network interface"],
    ["index 0", (net: Net) => net.InterfaceByIndex(0), "invalid network interface index"],
    ["an index below 0", (net: Net) => net.InterfaceByIndex(-1), "invalid network interface index"],
    ["an unknown index", (net: Net) => net.InterfaceByIndex(99999), "no such network interface"],
  ])("%s is refused", async (_, act, text) => {
    await expect(act(net)).rejects.toThrow(`route ip+net: ${text}`);
    await expect(act(net)).rejects.toBeInstanceOf(net.OpError);
  });
});
