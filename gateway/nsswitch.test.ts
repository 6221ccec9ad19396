import { describe, expect, test } from "vitest";
import { NSSwitch } from "./nsswitch.js";

const usual = "files dns";

// What Go makes of such files is recorded in conformance/lookups.
describe("NSSwitch", () => {
  test.each([
    ["no file", null, usual],
    ["no line for hosts", "passwd: files\n", usual],
    ["files, dns", "hosts: files dns", "files dns"],
    ["dns, files", "hosts: dns files", "dns files"],
    ["files", "hosts: files", "files"],
    ["dns", "# comment\nhosts:dns # comment", "dns"],
    ["mDNS between", "hosts: files mdns4_minimal [NOTFOUND=return] dns mdns4", "files dns"],
    ["mDNS before", "hosts: mdns dns files", "dns files"],
    ["another source", "hosts: dns nis files", usual],
    ["the usual said explicitly", "hosts: dns [success=return notfound=continue] files", "dns files"],
    ["an unusual action", "hosts: dns [success=continue] files", usual],
    ["an unusual action that is negated", "hosts: dns [!UNAVAIL=return] files", usual],
    ["an end that comes first", "hosts: dns [NOTFOUND=return] files", "dns files"],
    ["an end in the middle", "hosts: dns [notfound=return unavail=continue] files", usual],
    ["an unknown status", "hosts: dns [weird=return] files", usual],
    ["a bracket without end", "hosts: dns [NOTFOUND=return files", usual],
    ["a criterion without =", "hosts: dns [NOTFOUND] files", usual],
    ["a criterion that is too short", "hosts: dns [a=] files", usual],
    ["a line without a colon", "hosts: dns files\nnonsense", usual],
    ["two lines for hosts", "hosts: dns\nhosts: files", "dns files"],
    ["tabs, which do not separate", "hosts: dns\tfiles", usual],
    ["nothing after the colon", "hosts:", usual],
  ])("%s", (_, text, want) => {
    expect(new NSSwitch(text, false).order("a.test", "me")).toBe(want);
  });

  const backwards = new NSSwitch("hosts: dns myhostname files", false);
  test.each([
    ["a.test", "dns files"],
    ["printer.local", usual],
    ["PRINTER.LOCAL.", usual],
    ["local", "dns files"],
    ["a%b", usual],
    ["a\\b", usual],
    ["localhost", usual],
    ["x.LocalHost.", usual],
    ["localhost.localdomain", usual],
    ["notlocalhost", "dns files"],
    ["gateway", usual],
    ["ME", usual],
    ["me.test", "dns files"],
  ])("asks about %s in its own order", (host, want) => {
    expect(backwards.order(host, "me")).toBe(want);
  });

  test("leaves all to the usual if mDNS may know any name", () => {
    const text = "hosts: dns mdns4 files";
    expect([true, false].map((allow) => new NSSwitch(text, allow).order("a.test"))).toEqual([
      usual,
      "dns files",
    ]);
  });
});
