import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer as createHTTPServer } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import type { Locator, Page } from "@playwright/test";
import { serve } from "gonet/gateway";
import { test as base, expect, look } from "./look.js";
import { echo, gathered, Peers } from "./peers.js";

const test = base.extend<{ peers: Peers }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures a fixture needs from here
  peers: async ({}, use) => {
    const peers = new Peers();
    await use(peers);
    await peers.end();
  },
});

// What a browser says by itself about a gateway that refuses, or is not there.
const refusedAnswers = /^console: (WebSocket connection to .* failed|Failed to load resource)/;

const status = (page: Page): Locator => page.getByRole("contentinfo");
const log = (page: Page): Locator => page.getByRole("log");
const facts = (page: Page): Locator => page.locator(".facts:visible");
const message = (page: Page): Locator => page.getByRole("textbox", { name: "Message to send" });
const press = (page: Page, name: string): Promise<void> =>
  page.getByRole("button", { name, exact: true }).click();

/** dial fills the form of the console that is shown and submits it. */
async function dial(page: Page, address: string): Promise<void> {
  const input = page.getByRole("combobox", { name: "Address" });
  await input.fill(address);
  await input.press("Enter");
}

async function send(page: Page, text: string): Promise<void> {
  await expect(page.getByRole("button", { name: "Send" })).toBeEnabled();
  await message(page).fill(text);
  await message(page).press("Enter");
}

/** listen starts the listener and gives its port. */
async function listen(page: Page): Promise<number> {
  await page.getByRole("link", { name: "TCP listener" }).click();
  await press(page, "Listen");
  await expect(page.locator(".outcome")).toContainText("Listening on 127.0.0.1:");
  const address = await page.locator(".outcome strong").textContent();
  return Number(address?.split(":").at(-1));
}

test.describe("TCP console", () => {
  test("asks a real server for a page by hand", async ({ tools: page, peers, gateway }) => {
    const port = await peers.port(
      createHTTPServer((request, response) => {
        response.end(`<p>${request.headers.host} wants ${request.url}</p>\n`);
      }),
    );
    await dial(page, `localhost:${port}`);
    await expect(log(page)).toContainText(`connected to 127.0.0.1:${port}`);
    await expect(message(page)).toBeFocused();
    await send(page, "GET /greeting HTTP/1.0");
    await send(page, "Host: by-hand");
    await send(page, "");
    await expect(log(page)).toContainText("HTTP/1.1 200 OK\\r\\n");
    await expect(log(page)).toContainText("<p>by-hand wants /greeting</p>");
    await expect(log(page).locator(".note.end")).toContainText("EOF");
    await expect(facts(page)).toContainText("half closed there");
    await expect(facts(page)).toContainText(`Remote127.0.0.1:${port}`);
    await expect(facts(page)).toContainText("Sent41 B");
    await expect(page).toHaveURL(`${gateway.origin}/#/tcp?target=localhost:${port}`);
    await press(page, "Close");
    await expect(facts(page)).toContainText("Stateclosed");
  });

  test("shows the error of a refused port as Go prints it", async ({ tools: page, peers }) => {
    const port = await peers.freePort();
    await dial(page, `127.0.0.1:${port}`);
    const text = `dial tcp 127.0.0.1:${port}: connect: connection refused`;
    await expect(log(page).locator(".note.error .said > span")).toHaveText(text);
    await expect(page.getByRole("alert").filter({ hasText: text })).toHaveCount(1);
    await dial(page, "nonsense");
    await expect(log(page)).toContainText("dial tcp: address nonsense: missing port in address");
  });

  test("half closes, and still gets the answer", async ({ tools: page, peers }) => {
    const port = await peers.port(
      createServer({ allowHalfOpen: true }, (socket) => {
        const got = gathered(socket);
        socket.on("end", () => socket.end(`${got.text().length} bytes, and the end`));
      }),
    );
    await dial(page, `127.0.0.1:${port}`);
    await send(page, "12345");
    await press(page, "Half close");
    await expect(log(page)).toContainText("7 bytes, and the end");
    await expect(log(page)).toContainText("EOF");
    await expect(facts(page)).toContainText("Stateclosed");
    await expect(page.getByRole("button", { name: "Send" })).toBeDisabled();
  });

  test("sends hexadecimal bytes, and says what is wrong with others", async ({ tools: page, peers }) => {
    const port = await peers.port(echo());
    await dial(page, `127.0.0.1:${port}`);
    await page.getByLabel("Send as").selectOption("Hex");
    await send(page, "48 65 6g");
    await expect(page.getByText('"g" at position 8 is not a hexadecimal digit')).toBeVisible();
    await expect(message(page)).toHaveValue("48 65 6g");
    await send(page, "00 1b 48 65 ff");
    await page.getByText("Hex", { exact: true }).locator("visible=true").first().click();
    const row = "00000000  00 1b 48 65 ff                                    |..He.|";
    await expect(log(page).locator(".in .hex")).toHaveText(row);
    await expect(log(page).locator(".out .hex")).toHaveText(row);
    await page.getByText("Text", { exact: true }).locator("visible=true").first().click();
    await expect(log(page).locator(".in .text")).toHaveText("\\x00\\x1bHe\\xff");
  });

  test("sends several lines with the line ending that was chosen, and calls them back", async ({
    tools: page,
    peers,
  }) => {
    const port = await peers.port(echo());
    await dial(page, `127.0.0.1:${port}`);
    await page.getByLabel("Line ending").selectOption("LF");
    await message(page).fill("one");
    await message(page).press("Shift+Enter");
    await message(page).pressSequentially("two");
    await message(page).press("Enter");
    await expect(log(page).locator(".in .text")).toHaveText("one\\n two\\n", { useInnerText: true });
    await expect(message(page)).toHaveValue("");
    await message(page).press("ArrowUp");
    await expect(message(page)).toHaveValue("one\ntwo");
    await message(page).press("Escape");
    await page.getByLabel("Line ending").selectOption("none");
    await message(page).press("Enter");
    await expect(facts(page)).toContainText("Sent15 B");
  });

  test("gives up a dial: by button, by Escape, by its timeout", async ({ tools: page, peers }) => {
    const port = await peers.stuckPort();
    const errors = log(page).locator(".note.error .said > span");
    await dial(page, `127.0.0.1:${port}`);
    await expect(page.locator(".elapsed:visible")).toContainText(/\d s|ms/);
    await press(page, "Cancel");
    await expect(errors.nth(0)).toHaveText(`dial tcp 127.0.0.1:${port}: operation was canceled`);
    await press(page, "Connect");
    await page.keyboard.press("Escape");
    await expect(errors.nth(1)).toHaveText(`dial tcp 127.0.0.1:${port}: operation was canceled`);
    await page.getByLabel("Timeout").fill("0.2");
    await press(page, "Connect");
    await expect(errors.nth(2)).toHaveText(`dial tcp 127.0.0.1:${port}: i/o timeout`);
    await expect(page.getByRole("button", { name: "Connect", exact: true })).toBeEnabled();
  });

  test("tells of a reset", async ({ tools: page, peers }) => {
    const port = await peers.port(
      createServer((socket) => socket.once("data", () => socket.resetAndDestroy())),
    );
    await dial(page, `127.0.0.1:${port}`);
    await send(page, "x");
    await expect(log(page).locator(".note.error .said > span")).toHaveText(
      new RegExp(`^read tcp 127\\.0\\.0\\.1:\\d+->127\\.0\\.0\\.1:${port}: read: connection reset by peer$`),
    );
    await expect(facts(page)).toContainText("Stateclosed");
  });

  test("has several connections at once", async ({ tools: page, peers }) => {
    const [one, two] = [await peers.port(echo()), await peers.port(echo())];
    await dial(page, `127.0.0.1:${one}`);
    await send(page, "to one");
    await expect(log(page)).toContainText("to one");
    await page.keyboard.press("Alt+n");
    await dial(page, `127.0.0.1:${two}`);
    await send(page, "to two");
    await expect(log(page)).toContainText("to two");
    await expect(log(page)).not.toContainText("to one");
    const tab = page.getByRole("tab", { name: `127.0.0.1:${one}` });
    await tab.click();
    await send(page, "still");
    await expect(log(page).locator(".in .text").last()).toContainText("still");
    await tab.press("ArrowRight");
    await expect(log(page)).toContainText("to two");
    await page.keyboard.press("Delete");
    await expect(page.getByRole("tab")).toHaveCount(1);
    await expect(log(page)).toContainText("to one");
  });

  test("takes a target from the address, but does not dial it", async ({ tools: page, peers }) => {
    let dials = 0;
    const port = await peers.port(echo().on("connection", () => dials++));
    await page.evaluate((hash) => {
      location.hash = hash;
    }, `#/tcp?target=localhost:${port}&network=tcp4`);
    await expect(page.getByRole("combobox", { name: "Address" })).toHaveValue(`localhost:${port}`);
    await expect(page.getByLabel("Network").locator("visible=true")).toHaveValue("tcp4");
    expect(dials).toBe(0);
    await press(page, "Connect");
    await expect(log(page)).toContainText("connected");
    expect(dials).toBe(1);
    // It is remembered for the next time, and can be forgotten.
    await press(page, "+ New");
    await page.getByRole("link", { name: `tcp4://localhost:${port}` }).click();
    await expect(page.getByRole("combobox", { name: "Address" })).toHaveValue(`localhost:${port}`);
    await press(page, "Forget these");
    expect(await page.evaluate(() => localStorage.getItem("gonet.recent.tcp"))).toBe("[]");
  });

  test("shows hostile bytes harmlessly", async ({ tools: page, peers }) => {
    const hostile =
      "<img src=x onerror=complain('xss')><script>complain('script')</script>" +
      "\u001b]52;c;aGk=\u0007\u001b[2J\u202egnp.exe\u0000\u2028javascript:alert(1)\r\n";
    const port = await peers.port(createServer((socket) => socket.end(hostile)));
    await dial(page, `127.0.0.1:${port}`);
    const text = log(page).locator(".in .text");
    await expect(text).toContainText("<script>complain('script')</script>\\x1b]52;c;aGk=\\a\\x1b[2J");
    await expect(text).toContainText("\\u202egnp.exe\\x00\\u2028javascript:alert(1)\\r\\n");
    await expect(page.locator("main img, main script")).toHaveCount(0);
    // None of these characters is in the page itself.
    const raw = await text.evaluate((e) => e.textContent);
    expect(raw.match(/\p{Cf}|\p{Zl}|\p{Cc}/gu)).toEqual(["\n"]);
  });

  test("takes a download of 100 MB without growing or stopping", async ({ tools: page, peers }) => {
    const total = 100 * 1000 * 1000;
    const block = Buffer.from("All work and no play makes Jack a dull boy. ".repeat(1500));
    const port = await peers.port(
      createServer((socket) => {
        let left = total;
        const more = (): void => {
          for (let isFree = true; isFree && left > 0; ) {
            const chunk = block.subarray(0, Math.min(block.length, left));
            left -= chunk.length;
            isFree = socket.write(chunk);
          }
          if (left === 0) socket.end();
        };
        socket.on("drain", more);
        more();
      }),
    );
    await page.evaluate(() => {
      const state = window as unknown as { longestFrameMs: number };
      state.longestFrameMs = 0;
      let last = performance.now();
      const frame = (now: number): void => {
        state.longestFrameMs = Math.max(state.longestFrameMs, now - last);
        last = now;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    });
    for (const form of ["Text", "Hex"]) {
      await page.getByText(form, { exact: true }).locator("visible=true").first().click();
      const start = Date.now();
      await dial(page, `127.0.0.1:${port}`);
      await expect(log(page).locator(".note.end").last()).toContainText("EOF", { timeout: 50_000 });
      await expect(facts(page)).toContainText("Received95.4 MiB");
      const longest = await page.evaluate(
        () => (window as unknown as { longestFrameMs: number }).longestFrameMs,
      );
      test.info().annotations.push({
        type: form,
        description: `${Date.now() - start} ms, longest frame ${longest.toFixed(0)} ms`,
      });
      await expect(page.locator(".dropped")).toContainText(
        /^[\d,]+ bytes earlier dropped from the view; Save/,
      );
      expect(await log(page).evaluate((e) => e.textContent.length)).toBeLessThan(2_000_000);
      expect(longest).toBeLessThan(1000);
      await press(page, "Close");
      await press(page, "Clear");
      await expect(log(page).locator(".entry")).toHaveCount(0);
    }
  });

  test("clears, copies and saves the transcript", async ({ tools: page, peers, context, gateway }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: gateway.origin });
    const port = await peers.port(echo());
    await dial(page, `127.0.0.1:${port}`);
    await send(page, "keep this");
    await expect(log(page).locator(".in .text")).toContainText("keep this");
    await press(page, "Copy");
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toContain("<- 11 B\nkeep this\\r\\n\n");
    const downloading = page.waitForEvent("download");
    await press(page, "Save");
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(new RegExp(`^127\\.0\\.0\\.1-${port}-.*\\.txt$`));
    const saved = await readFile(await download.path(), "utf8");
    expect(saved).toContain(`dial tcp 127.0.0.1:${port}`);
    expect(saved).toContain("-> 11 B\nkeep this\\r\\n\n");
    await press(page, "Clear");
    await expect(log(page)).not.toContainText("keep this");
    await page.getByText("Hex", { exact: true }).locator("visible=true").first().click();
    await send(page, "");
    // The connection goes on where it was.
    await expect(log(page).locator(".in .hex")).toContainText("0000000b  0d 0a");
  });
});

test.describe("TCP listener", () => {
  test("accepts, echoes, answers by hand, and closes", async ({ tools: page }) => {
    await page.getByRole("link", { name: "TCP listener" }).click();
    await page.getByLabel("Echo").check();
    const port = await listen(page);
    const peer = connect(port, "127.0.0.1");
    const got = gathered(peer);
    peer.write("hello\n");
    await expect.poll(got.text).toBe("hello\n");
    const { localPort } = peer;
    // An echo ends when the other end does.
    const brief = connect(port, "127.0.0.1");
    const briefGot = gathered(brief);
    brief.end("short");
    await once(brief, "end");
    expect(briefGot.text()).toBe("short");
    await press(page, "Remove closed");
    await expect(page.locator(".connections")).toContainText(`127.0.0.1:${localPort}← 6 B → 6 B`);
    await expect(log(page)).toContainText(`accepted from 127.0.0.1:${localPort}`);
    await page.getByLabel("Echo").uncheck();
    await send(page, "by hand");
    await expect.poll(got.text).toBe("hello\nby hand\r\n");

    const other = connect(port, "127.0.0.1");
    const otherGot = gathered(other);
    await once(other, "connect");
    await page.getByRole("button", { name: `127.0.0.1:${other.localPort}` }).click();
    await send(page, "to the other");
    await expect.poll(otherGot.text).toBe("to the other\r\n");
    expect(got.text()).toBe("hello\nby hand\r\n");

    // It ends the listener, not the connections.
    await press(page, "Stop");
    await expect(page.locator(".outcome")).toContainText("Stopped listening");
    const late = connect(port, "127.0.0.1");
    const [err] = (await once(late, "error")) as [NodeJS.ErrnoException];
    expect(err.code).toBe("ECONNREFUSED");
    await send(page, "still here");
    await expect.poll(otherGot.text).toBe("to the other\r\nstill here\r\n");
    const ended = once(other, "end");
    await press(page, "Close");
    await ended;
    await press(page, "Remove closed");
    await expect(page.locator(".connections li")).toHaveCount(1);
    peer.destroy();
    other.destroy();
  });

  test("lists a hundred connections; the next waits until one is closed", async ({ tools: page }) => {
    const max = 100;
    const port = await listen(page);
    const peers = Array.from({ length: max + 1 }, () => connect(port, "127.0.0.1"));
    for (const peer of peers) peer.on("error", () => {}); // the last ones may be reset with the listener
    const items = page.locator(".connections li");
    await expect(items).toHaveCount(max);
    // One that is chosen stays to be read; another makes room.
    peers[0]?.resetAndDestroy();
    await expect(items.first()).toContainText("closed");
    await expect(items).toHaveCount(max);
    peers[1]?.resetAndDestroy();
    await expect(page.getByRole("button", { name: `127.0.0.1:${peers[max]?.localPort}` })).toBeVisible();
    await expect(items).toHaveCount(max);
    await press(page, "Stop");
    await expect(page.locator(".outcome")).toContainText("Stopped listening");
    for (const peer of peers) peer.destroy();
  });

  test("an echo holds back a sender that does not read", async ({ tools: page }) => {
    await page.getByRole("link", { name: "TCP listener" }).click();
    await page.getByLabel("Echo").check();
    const port = await listen(page);
    const peer = connect(port, "127.0.0.1");
    peer.on("error", () => {});
    peer.pause();
    const block = Buffer.alloc(1024 * 1024, "x");
    // Much more than all buffers on the way hold, so at some point no more is taken.
    for (let i = 0; i < 64; i++) peer.write(block);
    await expect(facts(page)).toContainText("Not yet taken");
    const held = peer.writableLength;
    expect(held).toBeGreaterThan(16 * block.length);
    // As soon as it reads, everything comes back.
    let back = 0;
    peer.on("data", (chunk) => {
      back += chunk.length;
    });
    peer.resume();
    await expect.poll(() => back, { timeout: 30_000 }).toBe(64 * block.length);
    peer.destroy();
  });

  test("shows the error of a taken address as Go prints it", async ({ tools: page, peers }) => {
    const port = await peers.port(echo());
    await page.getByRole("link", { name: "TCP listener" }).click();
    await page.getByRole("textbox", { name: "Listen on" }).fill(`127.0.0.1:${port}`);
    await press(page, "Listen");
    const text = `listen tcp 127.0.0.1:${port}: bind: address already in use`;
    await expect(page.locator(".outcome.bad")).toHaveText(text);
  });

  test("the console connects to the listener", async ({ tools: page }) => {
    await page.getByRole("link", { name: "TCP listener" }).click();
    await page.getByLabel("Echo").check();
    const port = await listen(page);
    await page.getByRole("link", { name: "Connect to it" }).click();
    await press(page, "Connect");
    await send(page, "round trip");
    await expect(log(page).locator(".in .text")).toContainText("round trip");
    await page.getByRole("link", { name: "TCP listener" }).click();
    await expect(log(page).locator(".in .text")).toContainText("round trip");
    expect(await page.locator(".outcome strong").textContent()).toBe(`127.0.0.1:${port}`);
  });
});

test.describe("access", () => {
  test("the token leaves the address at once and is nowhere else", async ({ tools: page, gateway }) => {
    expect(page.url()).not.toContain(gateway.token);
    const found = await page.evaluate(
      (token) =>
        [
          document.documentElement.outerHTML,
          JSON.stringify({ ...localStorage }),
          JSON.stringify({ ...sessionStorage }),
          document.cookie,
          JSON.stringify(history.state),
          document.title,
          window.name,
        ].filter((s) => s.includes(token)),
      gateway.token,
    );
    expect(found).toEqual([]);
    // It is no step of the history either.
    expect(await page.evaluate(() => history.length)).toBeLessThanOrEqual(2);
  });

  test("a reload asks for the token, and takes the whole address", async ({ tools: page, gateway }) => {
    await page.reload();
    await expect(page.getByRole("heading", { name: "Paste the token" })).toBeVisible();
    await expect(status(page)).toContainText("a token is needed");
    const input = page.getByLabel("Token, or the whole address");
    await expect(input).toBeFocused();
    await input.fill("two words");
    await input.press("Enter");
    await expect(page.getByText("there is no token in this")).toBeVisible();
    await input.fill(`gonet is ready: ${gateway.openURL}`);
    await input.press("Enter");
    await expect(status(page)).toContainText("attached");
    await expect(page.getByRole("heading", { name: "Paste the token" })).toBeHidden();
  });

  test("the address with a token can be pasted into a page that is open", async ({ page, gateway }) => {
    await page.goto(`${gateway.origin}/`);
    await expect(page.getByRole("heading", { name: "Paste the token" })).toBeVisible();
    await page.goto(gateway.openURL); // only the fragment changes, so the page stays
    await expect(status(page)).toContainText("attached");
    expect(page.url()).not.toContain("token");
  });

  test("a wrong token is refused with its reason; the right one helps", async ({
    page,
    gateway,
    complaints,
  }) => {
    complaints.allow(refusedAnswers);
    await page.goto(`${gateway.origin}/#token=not-the-token`);
    const reason = "gonet: the gateway refused the connection: the token is not valid";
    await expect(status(page)).toContainText("lost");
    await expect(status(page)).toContainText(reason);
    await expect(page.getByRole("region", { name: "Access to the gateway" })).toContainText(reason);
    expect(page.url()).not.toContain("token");
    const input = page.getByLabel("Token, or the whole address");
    await input.fill(gateway.token);
    await input.press("Enter");
    await expect(status(page)).toContainText("attached");
  });

  test("a gateway that goes away is seen, and connected to again", async ({ page, peers, complaints }) => {
    complaints.allow(refusedAnswers);
    const first = await serve({ port: 0 });
    const { port, origin } = { port: Number(new URL(first.origin).port), origin: first.origin };
    const { token } = first;
    const server = await peers.port(echo());
    await page.goto(first.openURL);
    await expect(status(page)).toContainText("attached");
    await dial(page, `127.0.0.1:${server}`);
    await expect(log(page)).toContainText("connected");
    await first.close();
    await expect(status(page)).toContainText("lost");
    const error = log(page).locator(".note.error");
    await expect(error.locator(".said > span")).toContainText("read: connection reset by peer");
    await expect(error.locator("small")).toContainText("GONET_SESSION_LOST");
    await press(page, "Connect again");
    await expect(status(page)).toContainText("cannot be reached");
    const second = await serve({ port, token });
    expect(second.origin).toBe(origin);
    await status(page).getByRole("button", { name: "Connect again" }).click();
    await expect(status(page)).toContainText("attached");
    await press(page, "Connect");
    await send(page, "again");
    await expect(log(page).locator(".in .text")).toContainText("again");
    await second.close();
  });

  test("leaving asks first while a connection is open", async ({ tools: page, peers }) => {
    const port = await peers.port(echo());
    await dial(page, `127.0.0.1:${port}`);
    await expect(log(page)).toContainText("connected");
    const asked = page.waitForEvent("dialog");
    await page.evaluate(() => setTimeout(() => location.reload()));
    const dialog = await asked;
    expect(dialog.type()).toBe("beforeunload");
    await dialog.dismiss();
    await send(page, "still here");
    await expect(log(page).locator(".in .text")).toContainText("still here");
  });
});

test.describe("for everybody", () => {
  test("every control has a name and is reached by the keyboard", async ({ tools: page }) => {
    for (const tool of ["TCP console", "TCP listener"]) {
      await page.getByRole("link", { name: tool }).click();
      const nameless = await page.evaluate(() => {
        const controls = document.querySelectorAll<HTMLElement>(
          "button, input, select, textarea, a[href], summary",
        );
        const name = (e: HTMLElement): string =>
          e.getAttribute("aria-label") ??
          ((e as HTMLInputElement).labels?.[0]?.textContent || e.textContent || "");
        return [...controls].filter((e) => name(e).trim() === "").map((e) => e.outerHTML);
      });
      expect(nameless).toEqual([]);
    }
    await page.getByRole("link", { name: "TCP console" }).click();
    const reached = new Set<string>();
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press("Tab");
      const { id, outline } = await page.evaluate(() => {
        const e = document.activeElement as HTMLElement;
        if (e === document.body) return { id: null, outline: "" }; // past the end, in the browser's own controls
        const shown = e.matches("[type=radio]") ? (e.nextElementSibling as HTMLElement) : e;
        return {
          id:
            e.getAttribute("aria-label") ?? (e as HTMLInputElement).labels?.[0]?.textContent ?? e.textContent,
          outline: getComputedStyle(shown).outlineStyle,
        };
      });
      if (id === null) continue;
      expect(outline, `focus of ${id}`).not.toBe("none");
      reached.add(id);
    }
    for (const name of [
      "TCP listener",
      "Address",
      "Network",
      "Connect",
      "Text",
      "Clear",
      "Save",
      "Transcript",
    ]) {
      expect([...reached]).toContain(name);
    }
    await page.keyboard.press("Alt+ArrowDown");
    await expect(page).not.toHaveTitle(/TCP console/);
    await page.keyboard.press("Alt+ArrowUp");
    await expect(page).toHaveTitle(/TCP console/);
  });

  test("nothing is wider than a phone", async ({ tools: page, peers }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    const port = await peers.port(createServer((socket) => socket.write("x".repeat(5000))));
    const fits = async (): Promise<void> => {
      const width = await page.evaluate(() => {
        const all = [...document.querySelectorAll("body, main, .content, .console, .scroller, .statusline")];
        return Math.max(...all.filter((e) => e.clientWidth > 0).map((e) => e.scrollWidth));
      });
      expect(width).toBeLessThanOrEqual(360);
    };
    await fits();
    await dial(page, `127.0.0.1:${port}`);
    await expect(log(page)).toContainText("xxx");
    await fits();
    // A dump has its width, and scrolls in its own place.
    await page.getByText("Hex", { exact: true }).locator("visible=true").first().click();
    await expect(log(page)).toContainText("78 78");
    expect(await log(page).evaluate((e) => e.scrollWidth)).toBeGreaterThan(500);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    await page.getByText("Text", { exact: true }).locator("visible=true").first().click();
    await page.getByRole("button", { name: "Tools, shown is" }).click();
    await page.getByRole("link", { name: "TCP listener" }).click();
    await fits();
  });
});

test("looks right, and says what it is to a screen reader, in every state", async ({
  tools: page,
  peers,
}) => {
  await look(page, "console-empty");
  const port = await peers.port(
    createHTTPServer((_, response) => {
      response.setHeader("Content-Type", "text/html");
      response.end("<h1>Grüße</h1>\n\u001b[31mred\u001b[0m \u202egnp.exe\n");
    }),
  );
  await dial(page, `localhost:${port}`);
  await send(page, "GET / HTTP/1.0");
  await send(page, "");
  await expect(log(page)).toContainText("EOF");
  await look(page, "console-text");
  await page.getByText("Hex", { exact: true }).locator("visible=true").first().click();
  await expect(log(page).locator(".in .hex")).toContainText("|HTTP/1.1 200 OK.|");
  await look(page, "console-hex");
  await press(page, "+ New");
  await dial(page, `127.0.0.1:${await peers.freePort()}`);
  await expect(log(page)).toContainText("connection refused");
  await look(page, "console-refused");
  await press(page, "+ New");
  await look(page, "console-new");
  await page.getByRole("link", { name: "TCP listener" }).click();
  await look(page, "listener-empty");
  await page.getByLabel("Echo").check();
  const listening = await listen(page);
  await look(page, "listener-waiting");
  const [one, two, three] = [1, 2, 3].map(() => connect(listening, "127.0.0.1")) as [Socket, Socket, Socket];
  for (const peer of [one, two, three]) {
    peer.write("hello from a peer\n");
    await once(peer, "data");
  }
  two.resetAndDestroy();
  await page.getByLabel("Echo").uncheck();
  three.end();
  await expect(page.locator(".connections")).toContainText("closed");
  await expect(page.locator(".connections")).toContainText("half closed there");
  await look(page, "listener-talking");
  one.destroy();
  await page.reload();
  await expect(page.getByRole("heading", { name: "Paste the token" })).toBeVisible();
  await look(page, "token");
});
