import { describe, expect, test } from "vitest";
import { HardwareAddr, ParseMAC } from "./mac.js";
import { AddrError } from "./net.js";

const long = "00:00:00:00:fe:80:00:00:00:00:00:00:02:00:5e:10:00:00:00:01";

describe("ParseMAC", () => {
  test.each([
    ["00:00:5e:00:53:01", "00:00:5e:00:53:01"],
    ["00-00-5E-00-53-01", "00:00:5e:00:53:01"],
    ["0000.5e00.5301", "00:00:5e:00:53:01"],
    ["02:00:5e:10:00:00:00:01", "02:00:5e:10:00:00:00:01"],
    ["0200.5e10.0000.0001", "02:00:5e:10:00:00:00:01"],
    [long, long],
    [long.replaceAll(":", "-"), long],
    ["0000.0000.fe80.0000.0000.0000.0200.5e10.0000.0001", long],
  ])("%s", (s, want) => {
    const a = ParseMAC(s);
    expect([a.String(), `${a}`]).toEqual([want, want]);
    expect(a).toBeInstanceOf(HardwareAddr);
  });

  test.each([
    "",
    "0",
    "00:00:5e:00:53",
    "00:00:5e:00:53:01:02",
    "00:00:5e:00:53:0",
    "00:00:5e:00:53:001",
    "00:00:5e:00:53:0g",
    "00:00:5e-00-53-01",
    "00:00:5e:00:53:01:",
    ":00:00:5e:00:53:01",
    "0000.5e00",
    "0000.5e0.05301",
    "00005e005301",
    "0000:5e00:5301",
    "00.00.5e.00.53.01",
    "00:00:5e:00:53:é",
    "00:00:5e:00:53:0\n",
    "0\n:00:00:5e:00:53:01",
    "００:00:5e:00:53:01",
  ])("%j is none", (s) => {
    expect(() => ParseMAC(s)).toThrow(new AddrError({ Err: "invalid MAC address", Addr: s }));
  });
});

test("an address of any length prints", () => {
  expect([new HardwareAddr(), HardwareAddr.of(1), HardwareAddr.of(0xff, 0)].map(String)).toEqual([
    "",
    "01",
    "ff:00",
  ]);
});
