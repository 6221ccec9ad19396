// Names from a page in a real Chromium, by a gateway that asks a real name server: Debian's dnsmasq, on a port of loopback. Where
// it is missing and may be installed, it is.

import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { type Gateway, serve } from "gonet/gateway";
import { installLimitMs, whyNoProgram } from "../src/testing/debian.js";
import { type Dnsmasq, startDnsmasq } from "./dnsmasq.js";
import { expect, test } from "./fixtures.js";

type Gonet = typeof import("gonet");

const zone = [
  "--host-record=a.test,192.0.2.1,2001:db8::1",
  "--host-record=here.test,127.0.0.1",
  "--cname=alias.test,a.test",
  "--mx-host=mail.test,second.mail.test,20",
  "--mx-host=mail.test,first.mail.test,10",
  "--srv-host=_sip._tcp.a.test,b.sip.test,5061,20,0",
  "--srv-host=_sip._tcp.a.test,a.sip.test,5060,10,5",
  "--txt-record=text.test,hello-,world",
  "--txt-record=text.test,grüße",
  "--ptr-record=7.2.0.192.in-addr.arpa,seven.test",
];

test.describe("names", () => {
  let dnsmasq: Dnsmasq;
  let gateway: Gateway;
  let server: string;

  test.beforeAll(async ({ site }, info) => {
    info.setTimeout(installLimitMs);
    const reason = whyNoProgram("dnsmasq", "dnsmasq-base");
    test.skip(reason !== "", reason);
    dnsmasq = await startDnsmasq(zone);
    server = dnsmasq.server;
    gateway = await serve({ host: "127.0.0.1", port: 0, origins: [site.origin], dnsServers: [server] });
  });

  test.afterAll(async () => {
    await gateway?.close();
    await dnsmasq?.close();
  });

  test("of every kind are looked up from a page", async ({ page, site }) => {
    await page.goto(`${site.origin}/blank.html`);
    const found = await page.evaluate(
      async ({ url, token }) => {
        const { connect } = (await import("/dist/index.js" as string)) as Gonet;
        const net = await connect(url, { token });
        const [service, servers] = await net.LookupSRV("sip", "tcp", "a.test");
        const found = {
          host: (await net.LookupHost("a.test")).sort(),
          ip4: (await new net.Resolver().LookupIP("ip4", "a.test")).map((ip) => ip.String()),
          cname: await net.LookupCNAME("alias.test"),
          mx: (await net.LookupMX("mail.test")).map((mx) => [mx.Pref, mx.Host]),
          service,
          srv: servers.map((s) => [s.Priority, s.Weight, s.Port, s.Target]),
          txt: (await net.LookupTXT("text.test")).sort(),
          addr: await net.LookupAddr("192.0.2.7"),
          port: await net.LookupPort("tcp", "https"),
          isMX: (await net.LookupMX("mail.test"))[0] instanceof net.MX,
        };
        await net.session.close();
        return found;
      },
      { url: gateway.url, token: gateway.token },
    );
    expect(found).toEqual({
      host: ["192.0.2.1", "2001:db8::1"],
      ip4: ["192.0.2.1"],
      cname: "a.test.",
      mx: [
        [10, "first.mail.test."],
        [20, "second.mail.test."],
      ],
      service: "_sip._tcp.a.test.",
      srv: [
        [10, 5, 5060, "a.sip.test."],
        [20, 0, 5061, "b.sip.test."],
      ],
      txt: ["grüße", "hello-world"],
      addr: ["seven.test."],
      port: 443,
      isMX: true,
    });
  });

  test("that are not there say so, with the server that was asked", async ({ page, site }) => {
    await page.goto(`${site.origin}/blank.html`);
    const errors = await page.evaluate(
      async ({ url, token }) => {
        const { connect } = (await import("/dist/index.js" as string)) as Gonet;
        const net = await connect(url, { token });
        const texts: unknown[] = [];
        for (const look of [net.LookupHost, net.LookupMX, net.LookupTXT, net.LookupNS]) {
          const err = await look("nosuch.test").catch((e: unknown) => e);
          texts.push(err instanceof net.DNSError ? [err.message, err.IsNotFound] : String(err));
        }
        await net.session.close();
        return texts;
      },
      { url: gateway.url, token: gateway.token },
    );
    expect(errors).toEqual(Array(4).fill([`lookup nosuch.test on ${server}: no such host`, true]));
  });

  test("are asked from the page itself, by a Resolver with its own Dial", async ({ page, site }) => {
    await page.goto(`${site.origin}/blank.html`);
    const found = await page.evaluate(
      async ({ url, token, server }) => {
        const { connect } = (await import("/dist/index.js" as string)) as Gonet;
        const net = await connect(url, { token });
        const dialled: string[] = [];
        const r = new net.Resolver({
          Dial: (network, address, signal) => {
            dialled.push(`${network} ${address}`);
            return net.Dial("tcp", server, signal);
          },
        });
        const found = {
          mx: (await r.LookupMX("mail.test")).map((mx) => mx.Host),
          txt: await r.LookupTXT("text.test"),
        };
        await net.session.close();
        return { ...found, txt: found.txt.sort(), dialled };
      },
      { url: gateway.url, token: gateway.token, server },
    );
    expect(found).toEqual({
      mx: ["first.mail.test.", "second.mail.test."],
      txt: ["grüße", "hello-world"],
      dialled: [`udp ${server}`, `udp ${server}`],
    });
  });

  test("are dialled", async ({ page, site }) => {
    const target = createServer((socket) => socket.end("by name")).listen(0, "127.0.0.1");
    await once(target, "listening");
    await page.goto(`${site.origin}/blank.html`);
    const text = await page.evaluate(
      async ({ url, token, port }) => {
        const { connect } = (await import("/dist/index.js" as string)) as Gonet;
        const net = await connect(url, { token });
        const c = await net.Dial("tcp", `here.test:${port}`);
        const text = new TextDecoder().decode(await net.io.ReadAll(c));
        await net.session.close();
        return text;
      },
      { url: gateway.url, token: gateway.token, port: (target.address() as AddressInfo).port },
    );
    expect(text).toBe("by name");
    target.close();
  });
});
