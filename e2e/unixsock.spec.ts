// Unix sockets from a page in a real Chromium: the suites, and a descriptor that travels.
import { type Checks, runChecks, startChecks } from "./checks.js";
import { expect, test } from "./fixtures.js";

type Gonet = typeof import("gonet");

const someChecks = 10;

test.describe("the suites in a page", () => {
  let checks: Checks;
  test.beforeAll(async () => {
    checks = await startChecks();
  });
  test.afterAll(() => checks.close());

  test("over unixgram", async ({ page }) => {
    const ran = await runChecks(page, checks, { make: "makeUnixgramPair" });
    expect(ran.length).toBeGreaterThan(someChecks);
  });

  for (const of of ["unix", "unixpacket"] as const) {
    test(`over ${of}`, async ({ page }) => {
      expect((await runChecks(page, checks, { make: "makeUnixPair", of })).length).toBe(11);
    });
  }
});

test("a TCP connection goes from one Unix socket to another and carries data", async ({
  page,
  site,
  gateway,
}) => {
  await page.goto(`${site.origin}/blank.html`);
  const seen = await page.evaluate(
    async ({ url, token }) => {
      const { connect } = (await import("/dist/index.js" as string)) as Gonet;
      const net = await connect(url, { token });
      const { syscall, os } = net;
      const utf8 = (s: string) => new TextEncoder().encode(s);
      const text = (b: Uint8Array) => new TextDecoder().decode(b);

      const l = await net.Listen("tcp", "127.0.0.1:0");
      const [far, accepted] = await Promise.all([net.Dial("tcp", l.Addr().String()), l.AcceptTCP()]);
      const door = await net.Listen("unix", `@gonet-${crypto.randomUUID()}`);
      const [giver, taker] = await Promise.all([net.Dial("unix", door.Addr().String()), door.AcceptUnix()]);

      const file = await accepted.File();
      const sent = await giver.WriteMsgUnix(utf8("here"), syscall.UnixRights(file.Fd()), null);
      // From here on only what is under way holds the connection open.
      await file.Close();
      await accepted.Close();

      const b = new Uint8Array(16);
      const oob = new Uint8Array(64);
      const [n, oobn, flags] = await taker.ReadMsgUnix(b, oob);
      const [message] = syscall.ParseSocketControlMessage(oob.subarray(0, oobn));
      if (message === undefined) throw new Error("no control message came");
      const [fd = -1] = syscall.ParseUnixRights(message);
      const came = os.NewFile(fd, "came");
      if (came === null) throw new Error("no descriptor came");
      const c = (await net.FileConn(came)) as Awaited<ReturnType<typeof net.DialTCP>>;
      await came.Close();

      await c.Write(utf8("to the far end"));
      const there = new Uint8Array(14);
      await net.io.ReadFull(far, there);
      await far.Write(utf8("and back"));
      await far.CloseWrite();
      const back = text(await net.io.ReadAll(c));
      const addresses = [c.LocalAddr().String() === far.RemoteAddr().String(), c instanceof net.TCPConn];
      for (const open of [c, far, giver, taker, door, l]) await open.Close();
      await net.session.close();
      return { sent, n, oobn, flags, there: text(there), back, addresses };
    },
    { url: gateway.url, token: gateway.token },
  );
  expect(seen).toEqual({
    sent: [4, 24],
    n: 4,
    oobn: 24,
    flags: 0x4000_0000, // MSG_CMSG_CLOEXEC
    there: "to the far end",
    back: "and back",
    addresses: [true, true],
  });
});
