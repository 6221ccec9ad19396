// The terminal, against a real OpenSSH server and a real Telnet server, over links that break, before the eyes of whoever is
// in between, and with far ends that mean harm.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { newLog, serve } from "gonet/gateway";
import { Chaos, type Through } from "../src/testing/chaos.js";
import { installLimitMs, program, whyNoProgram } from "../src/testing/debian.js";
import { makeKey, type Sshd, startSshd, whyNoSshd } from "../src/testing/sshd.js";
import { startTap, webSocketPayloads } from "../src/testing/tap.js";
import { test as base, expect, look } from "./look.js";
import { gathered, Peers } from "./peers.js";

const why = whyNoSshd() || whyNoProgram("vim", "vim") || whyNoProgram("top", "procps");
const whyNoTelnetd = whyNoProgram("telnetd", "inetutils-telnetd");

// Twenty-three broken links and 200,000 lines take a busy machine a while.
const brokenLinksMs = 150_000;

// What is said before the login by somebody who hopes that it is not only shown.
const hostileBanner =
  "<img src=x onerror=alert(1)>\n\x1b]52;c;cHduZWQ=\x07\x1b]8;;javascript:alert(2)\x1b\\press\x1b]8;;\x1b\\\x1b]0;<b>title</b>\x07\n";

const test = base.extend<{ peers: Peers }, { sshd: Sshd }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures a fixture needs from here
  peers: async ({}, use) => {
    const peers = new Peers();
    await use(peers);
    await peers.end();
  },
  sshd: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures a fixture needs from here
    async ({}, use) => {
      const sshd = await startSshd();
      await use(sshd);
      await sshd.close();
    },
    { scope: "worker", timeout: installLimitMs },
  ],
});

const screen = (page: Page): Locator => page.locator(".xterm-rows:visible");
const facts = (page: Page): Locator => page.locator(".facts:visible");
const question = (page: Page, name: RegExp): Locator => page.getByRole("group", { name });
const press = (page: Page, name: string): Promise<void> =>
  page.getByRole("button", { name, exact: true }).click();

/** connect fills the form and submits it. */
async function connect(page: Page, destination: string): Promise<void> {
  await page.getByRole("link", { name: "Terminal" }).click();
  const address = page.getByRole("combobox", { name: "Address" });
  await address.fill(destination);
  await address.press("Enter");
}

/** logIn answers the questions and waits for the prompt. */
async function logIn(page: Page, { user, password, port }: Sshd, by = port): Promise<void> {
  await connect(page, `${user}@127.0.0.1:${by}`);
  await press(page, "Yes, remember it");
  await page.getByLabel(`Password for ${user}`).fill(password);
  await page.keyboard.press("Enter");
  await expect(screen(page)).toContainText("ready$");
}

/** run types a command. */
const run = (page: Page, command: string): Promise<void> => page.keyboard.type(`${command}\n`);

/** everything is all that the terminal holds, scrolled away or not, as it is copied. */
async function everything(page: Page): Promise<string> {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await press(page, "Select all");
  await press(page, "Copy");
  const text = await page.evaluate(() => navigator.clipboard.readText());
  await page.locator(".xterm-helper-textarea:visible").focus();
  return text;
}

test.describe("SSH", () => {
  test.skip(why !== "", why);

  test("logs in with a password, and shows what the shell says", async ({ tools: page, sshd }) => {
    await logIn(page, sshd);
    await run(page, "echo $((6 * 7)) $TERM $LANG; exit 3");
    await expect(screen(page)).toContainText("42 xterm-256color C.UTF-8");
    await expect(facts(page)).toContainText("exit status 3");
    // What was typed into the page is nowhere that the browser would keep it.
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain(sshd.password);
  });

  test("asks again for a password that was wrong, and gives up as the server does", async ({
    tools: page,
    sshd,
  }) => {
    await connect(page, `${sshd.user}@127.0.0.1:${sshd.port}`);
    await press(page, "Only this time");
    for (const wrong of ["one", "two", "three"]) {
      await page.getByLabel(`Password for ${sshd.user}`).fill(wrong);
      await page.keyboard.press("Enter");
      if (wrong !== "three") await expect(question(page, /Log in/)).toContainText("please try again");
    }
    await expect(facts(page)).toContainText("permission denied (publickey,password");
  });

  test("logs in with a key of ssh-keygen, which stays in the page", async ({ tools: page, sshd }, info) => {
    await mkdir(info.outputDir, { recursive: true });
    const { privateKey, publicKey } = makeKey(info.outputDir, "ed25519", { passphrase: "open sesame" });
    sshd.authorize(publicKey);
    await page.getByRole("link", { name: "Terminal" }).click();
    await page.locator("summary", { hasText: "Private key" }).click();
    const field = page.getByLabel("Paste it or drop its file here");
    await field.fill("nonsense");
    await field.blur();
    await expect(page.getByRole("alert").filter({ hasText: "this is no private key" })).toBeVisible();
    await field.fill(privateKey);
    await expect(field).toHaveValue("");
    await page.getByRole("textbox", { name: "Passphrase" }).fill("wrong");
    await page.keyboard.press("Enter");
    await expect(question(page, /Passphrase/)).toContainText("That was not the right one");
    await page.getByRole("textbox", { name: "Passphrase" }).fill("open sesame");
    await page.keyboard.press("Enter");
    await expect(page.locator("summary", { hasText: "Private key: ssh-ed25519 test" })).toBeVisible();
    await connect(page, `${sshd.user}@127.0.0.1:${sshd.port}`);
    await press(page, "Yes, remember it");
    await run(page, "whoami");
    await expect(screen(page)).toContainText(sshd.user);
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
    expect(kept).not.toContain(privateKey.split("\n")[2]);
    expect(kept).not.toContain("sesame");
  });

  test("vim and top run full screen, and know when the window changes", async ({ tools: page, sshd }) => {
    await logIn(page, sshd);
    const rows = (): Promise<number> => page.locator(".xterm-rows:visible > div").count();
    await run(page, "stty size");
    await expect(screen(page)).toContainText(`${await rows()} `);
    await run(page, "vim -u NONE -N note.txt");
    await expect(screen(page)).toContainText('"note.txt"');
    await page.keyboard.type("iGrüße, 日本");
    await expect(screen(page)).toContainText("-- INSERT --");
    const before = await rows();
    await page.setViewportSize({ width: 900, height: 900 });
    await expect.poll(rows).toBeGreaterThan(before);
    await page.keyboard.press("Escape");
    await run(page, ":set lines?");
    await expect(screen(page)).toContainText(`lines=${await rows()}`);
    await run(page, ":wq");
    await expect(screen(page)).toContainText("ready$");
    expect(readFileSync(join(sshd.home, "note.txt"), "utf8")).toBe("Grüße, 日本\n");
    await run(page, "clear; top -d 0.3");
    await expect(screen(page)).toContainText("load average");
    await page.keyboard.type("q");
    await run(page, "stty size");
    await expect(screen(page)).toContainText(new RegExp(`${await rows()} \\d+`));
  });

  test("a changed host key is refused, with both fingerprints", async ({ tools: page, sshd }) => {
    await logIn(page, sshd);
    await run(page, "exit");
    await expect(facts(page)).toContainText("exit status 0");
    const { ed25519: old } = sshd.fingerprints;
    sshd.newHostKeys();
    const before = sshd.log();
    await page.getByRole("combobox", { name: "Address" }).press("Enter");
    const asked = question(page, /has changed/);
    await expect(asked).toContainText(old!);
    await expect(asked).toContainText(sshd.fingerprints.ed25519!);
    await expect(page.getByRole("button", { name: "Do not connect" })).toBeFocused();
    await look(page, "terminal-changed");
    await page.keyboard.press("Enter");
    await expect(facts(page)).toContainText("the host key was not accepted");
    expect(sshd.log().slice(before.length)).not.toContain("Failed");
    // Refusing forgets nothing: it is asked again, and who knows better may go on.
    await page.getByRole("combobox", { name: "Address" }).press("Enter");
    await press(page, "The host has a new key: replace the old one");
    await expect(page.getByLabel(`Password for ${sshd.user}`)).toBeFocused();
    await page.keyboard.press("Escape");
    await expect(facts(page)).toContainText("canceled");
    await page.getByRole("combobox", { name: "Address" }).press("Enter");
    await expect(page.getByLabel(`Password for ${sshd.user}`)).toBeFocused(); // known by now
    await press(page, "Cancel");
  });

  test("several terminals are open side by side, and each is by itself", async ({ tools: page, sshd }) => {
    await logIn(page, sshd);
    await run(page, "echo first-$((1 + 1))");
    await expect(screen(page)).toContainText("first-2");
    await press(page, "+ New");
    await page.getByRole("combobox", { name: "Address" }).fill(`${sshd.user}@127.0.0.1:${sshd.port}`);
    await page.keyboard.press("Enter");
    await page.getByLabel(`Password for ${sshd.user}`).fill(sshd.password);
    await page.keyboard.press("Enter");
    await expect(screen(page)).toContainText("ready$");
    await run(page, "echo second-$((1 + 2))");
    await expect(screen(page)).toContainText("second-3");
    await expect(screen(page)).not.toContainText("first");
    // The keyboard gets out of a terminal, and along the tabs.
    await page.keyboard.press("Shift+F6");
    await expect(page.getByRole("button", { name: "Disconnect" })).toBeFocused();
    await page.getByRole("tab", { name: sshd.user }).first().click();
    await expect(screen(page)).toContainText("first-2");
    await press(page, "Disconnect");
    await expect(facts(page)).toContainText("closed");
  });

  test("copies and pastes by keyboard and mouse, and reads out for who cannot see", async ({
    tools: page,
    sshd,
  }) => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await logIn(page, sshd);
    await page.evaluate(() => navigator.clipboard.writeText("echo pasted-$((2 + 3))\nMARK"));
    await page.keyboard.press("Control+Shift+V");
    await expect(screen(page)).toContainText("MARK");
    await page.keyboard.press("Control+U");
    await run(page, "echo copy''-me");
    const word = page.locator(".xterm-rows:visible > div").filter({ hasText: /^copy-me/ });
    const box = (await word.boundingBox())!;
    await page.mouse.dblclick(box.x + 10, box.y + box.height / 2);
    await page.keyboard.press("Control+Shift+C");
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe("copy-me");
    await page.getByLabel("Screen reader").check();
    await expect(page.locator(".xterm-accessibility")).toContainText("copy-me");
    await look(page, "terminal-reader");
  });

  test("looks right before, while it asks, and after the login", async ({ tools: page, sshd }) => {
    await page.getByRole("link", { name: "Terminal" }).click();
    await expect(page.getByRole("combobox", { name: "Address" })).toBeVisible();
    await page.locator("summary", { hasText: "Private key" }).click();
    await look(page, "terminal-form");
    await page.locator("summary", { hasText: "Private key" }).click();
    await connect(page, `${sshd.user}@127.0.0.1:${sshd.port}`);
    await expect(question(page, /is not known yet/)).toBeVisible();
    await look(page, "terminal-hostkey");
    await press(page, "Yes, remember it");
    await expect(page.getByLabel(`Password for ${sshd.user}`)).toBeFocused();
    await page.keyboard.type(`${sshd.password}\n`);
    await expect(screen(page)).toContainText("ready$");
    writeFileSync(join(sshd.home, "colours"), colours());
    await run(page, "clear; cat colours");
    await expect(screen(page)).toContainText("true colour");
    await look(page, "terminal-open");
  });

  test("goes on over broken links, and whoever is in between sees nothing", async ({ page, sshd }) => {
    test.setTimeout(brokenLinksMs);
    const tcp = await startTap(() => sshd.port);
    const lines: string[] = [];
    const logger = newLog({ level: "trace", sink: { write: (line) => lines.push(line) } });
    const chaos = await Chaos.start();
    const gateway = await serve({ logger, hosts: [`127.0.0.1:${chaos.port}`] });
    const web = await startTap(() => Number(new URL(gateway.url).port));
    chaos.target = web.port;
    const url = new URL(gateway.openURL);
    url.port = String(chaos.port);
    const complaints: string[] = [];
    page.on("pageerror", (err) => complaints.push(String(err)));
    await page.goto(url.href);
    await expect(page.getByRole("contentinfo")).toContainText("attached");
    await logIn(page, sshd, tcp.port);

    // Three kills in the middle of what the far end prints.
    const links = (): Through[] => [...chaos.through];
    let kills = 0;
    let next = 200_000;
    chaos.onPass = (through) => {
      if (kills < 3 && !through.isCut && through.bytes > next) {
        kills++;
        through.cut(kills === 2 ? "end" : "reset");
        next = 100_000;
      }
    };
    await run(page, "clear; seq 1 200000; echo sum: $((199999 + 1))-end");
    await expect(screen(page)).toContainText("sum: 200000-end", { timeout: 30_000 });
    expect(kills).toBe(3);
    const numbers = (await everything(page)).split("\n").filter((line) => /^\d+$/.test(line));
    expect(numbers.length).toBeGreaterThan(9_000);
    expect(numbers).toEqual(numbers.map((_, i) => String(200_000 - numbers.length + 1 + i)));

    // Twenty kills while somebody types.
    for (let i = 1; i <= 20; i++) {
      const [before, after] = [`echo "typed-$((${i} `, `* 1000))"\n`];
      await page.keyboard.type(before);
      for (const link of links()) link.cut(i % 2 === 0 ? "reset" : "end");
      await page.keyboard.type(after);
      // So many breaks in a row make the page wait longer and longer before it tries again, unless the network is back.
      await expect(async () => {
        await page.evaluate(() => dispatchEvent(new Event("online")));
        await expect(screen(page)).toContainText(`typed-${i * 1000}`, { timeout: 500 });
      }).toPass();
    }
    await run(page, "exit 5");
    await expect(facts(page)).toContainText("exit status 5");
    expect(complaints).toEqual([]);

    // The taps work: they saw who was talking. What was said, neither they nor the log have.
    const forwarded = tcp.tapped.flatMap(({ there, back }) => [Buffer.concat(there), Buffer.concat(back)]);
    expect(forwarded[0]!.toString("latin1")).toContain("SSH-2.0-");
    expect(forwarded[1]!.toString("latin1")).toContain("SSH-2.0-OpenSSH");
    const sockets = web.tapped.flatMap(({ there, back }) => [
      webSocketPayloads(Buffer.concat(there)),
      webSocketPayloads(Buffer.concat(back)),
    ]);
    expect(web.tapped.length).toBeGreaterThan(20);
    expect(Buffer.concat(sockets).toString("latin1")).toContain("SSH-2.0-OpenSSH");
    expect(Buffer.concat(sockets).toString("latin1")).toContain("SSH-2.0-dev-tunnels");
    const log = lines.join("");
    expect(log).not.toBe("");
    for (const secret of [sshd.password, "ready$", "199998", "typed-1"]) {
      for (const seen of [...forwarded, ...sockets, log]) {
        expect(seen.includes(secret), `somebody in between saw ${secret}`).toBe(false);
      }
    }
    await page.goto("about:blank");
    await gateway.close();
    await chaos.close();
    await web.close();
    await tcp.close();
  });
});

test.describe("far ends that mean harm", () => {
  test.skip(why !== "", why);

  test("a banner is text, whatever is in it", async ({ tools: page }) => {
    const sshd = await startSshd({ banner: hostileBanner });
    try {
      const harm = await harmed(page);
      await connect(page, `${sshd.user}@127.0.0.1:${sshd.port}`);
      await press(page, "Only this time");
      await expect(screen(page)).toContainText("<img src=x onerror=alert(1)>");
      await expect(screen(page)).toContainText("\\x1b]52;c;cHduZWQ=\\a");
      await expect(screen(page)).toContainText("javascript:alert(2)");
      await press(page, "Cancel");
      expect(await harm()).toEqual([]);
    } finally {
      await sshd.close();
    }
  });

  test("OSC 52, links and titles do nothing by themselves", async ({ tools: page, sshd }) => {
    const harm = await harmed(page);
    await logIn(page, sshd);
    const link = (to: string, text: string) => `\x1b]8;;${to}\x1b\\${text}\x1b]8;;\x1b\\\r\n`;
    const hostile = [
      "\x1b[2J\x1b[H<img src=x onerror=alert(3)>\r\n",
      "\x1b]52;c;cHduZWQ=\x07\x1b]52;c;?\x07",
      "\x1b]0;<img src=x onerror=alert(4)>\x1b\\",
      link("javascript:alert(5)", "press-this"),
      link("data:text/html,<script>alert(6)</script>", "or-this"),
      link("https://example.invalid/%3Cb%3E?a=1", "or-that"),
    ];
    writeFileSync(join(sshd.home, "hostile"), hostile.join(""));
    await run(page, "cat hostile");
    await expect(screen(page)).toContainText("or-that");
    await expect(page.locator(".terminal-title:visible")).toHaveText("<img src=x onerror=alert(4)>");
    for (const text of ["press-this", "or-this"]) {
      await clickText(page, text);
      await expect(question(page, /Open this address/)).toBeHidden();
    }
    await clickText(page, "or-that");
    const target = question(page, /Open this address/).getByRole("link");
    await expect(target).toHaveText("https://example.invalid/%3Cb%3E?a=1");
    await expect(target).toHaveAttribute("rel", "noopener noreferrer");
    await press(page, "Close");
    expect(await harm()).toEqual([]);
  });
});

test.describe("Telnet and raw TCP", () => {
  test("talks to Debian's telnetd, which echoes and learns the size", async ({ tools: page, peers }) => {
    test.skip(whyNoTelnetd !== "" || process.getuid?.() !== 0, whyNoTelnetd || "telnetd runs as root only");
    const children: ChildProcess[] = [];
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      const shell = "/bin/bash --norc --noprofile";
      children.push(spawn(program("telnetd")!, ["-h", "-E", shell], { stdio: [socket, socket, "ignore"] }));
      socket.destroy(); // ours; the child has its own
    });
    const port = await peers.port(server);
    await connect(page, `telnet://127.0.0.1:${port}`);
    await expect(screen(page)).toContainText("# ");
    await run(page, "echo $TERM; stty size");
    await expect(screen(page)).toContainText("xterm-256color");
    const rows = await page.locator(".xterm-rows:visible > div").count();
    await expect(screen(page)).toContainText(new RegExp(`${rows} \\d+`));
    await page.setViewportSize({ width: 1000, height: 600 });
    await expect.poll(() => page.locator(".xterm-rows:visible > div").count()).toBeLessThan(rows);
    await run(page, "clear; stty size");
    await expect(screen(page)).toContainText(/\d+ \d+/);
    await run(page, "exit");
    await expect(facts(page)).toContainText("closed by the other end");
    for (const child of children) if (child.exitCode === null) await once(child, "exit");
  });

  test("raw TCP sends lines as they were typed and corrected, and shows what comes", async ({
    tools: page,
    peers,
  }) => {
    let got = { text: (): string => "" };
    const server: Server = createServer((socket) => {
      got = gathered(socket);
      socket.write("hello\nthere\n");
    });
    const port = await peers.port(server);
    await page.getByRole("link", { name: "Terminal" }).click();
    await page.getByLabel("Protocol").selectOption("Raw TCP");
    await page.getByLabel("Enter sends").selectOption("LF");
    await connect(page, `127.0.0.1:${port}`);
    await expect(screen(page)).toContainText("there");
    await page.keyboard.type("GET wrong");
    for (let i = 0; i < "wrong".length; i++) await page.keyboard.press("Backspace");
    await page.keyboard.type("right\n");
    await expect.poll(() => got.text()).toBe("GET right\n");
    await expect(screen(page)).toContainText("GET right");
    await expect(screen(page)).not.toContainText("wrong");
    await look(page, "terminal-raw");
    await press(page, "Disconnect");
    await expect(facts(page)).toContainText("closed");
  });
});

test("who does not open the terminal loads nothing of it, and SSH comes only with its first use", async ({
  page,
  gateway,
}) => {
  const loaded: string[] = [];
  page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  const parts = (): string[] => loaded.filter((path) => /terminal|shell|privatekey/.test(path));
  await page.goto(gateway.openURL);
  await expect(page.getByRole("contentinfo")).toContainText("attached");
  expect(parts()).toEqual([]);
  await page.getByRole("link", { name: "Terminal" }).click();
  await expect(page.getByRole("combobox", { name: "Address" })).toBeVisible();
  expect(parts().join()).toContain("terminaltool");
  expect(parts().join()).not.toMatch(/shell|privatekey/);
});

/** harmed watches for what must not happen, and says what did. */
async function harmed(page: Page): Promise<() => Promise<string[]>> {
  const found: string[] = [];
  page.on("dialog", (dialog) => {
    found.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("popup", (popup) => found.push(`popup ${popup.url()}`));
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate(() => navigator.clipboard.writeText("untouched"));
  const address = new URL(page.url()).origin;
  return async () => {
    const clipboard = await page.evaluate(() => navigator.clipboard.readText());
    if (clipboard !== "untouched") found.push(`clipboard ${clipboard}`);
    if (new URL(page.url()).origin !== address) found.push(`went to ${page.url()}`);
    const made = await page.locator("img:not(.brand img), script[src^=data], b").count();
    if (made > 0) found.push("made elements");
    return found;
  };
}

/** clickText clicks on a text in the terminal: its rows take no clicks themselves. */
async function clickText(page: Page, text: string): Promise<void> {
  const box = await page.getByText(text, { exact: true }).first().boundingBox();
  await page.mouse.move(box!.x + 10, box!.y + 5);
  await page.mouse.move(box!.x + 14, box!.y + 7);
  await page.mouse.click(box!.x + 14, box!.y + 7);
}

/** colours shows all that a terminal can do to a text. */
function colours(): string {
  const line = (i: number): string =>
    `\x1b[3${i}mcolour ${i} \x1b[1mbold\x1b[0m \x1b[9${i}mbright\x1b[0m \x1b[4${i}mground\x1b[0m \x1b[3${i};7minverse\x1b[0m\n`;
  const lines = [1, 2, 3, 4, 5, 6, 7].map(line);
  return `${lines.join("")}\x1b[3mitalic\x1b[0m \x1b[4munder\x1b[0m ─│┌┐└┘ Grüße 日本\n\x1b[38;2;200;100;50mtrue colour\x1b[0m\n`;
}
