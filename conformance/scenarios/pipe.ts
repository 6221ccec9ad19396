// Pipe, which needs no gateway.

import { inMs, pass, past, type Scenario, utf8 } from "./scenario.js";

/** pipeScenarios by name. */
export const pipeScenarios: Readonly<Record<string, Scenario>> = {
  "pipe-basic": async (t) => {
    const [a, b] = t.net.Pipe();
    t.address("a local", a.LocalAddr());
    t.address("a remote", a.RemoteAddr());
    const written = t.countOrOk(a.Write(utf8("0123456789")));
    await t.read("b Read", b, 4);
    await t.read("b Read", b, 4);
    t.line(
      await Promise.race([
        written.then(() => "Write returned early"),
        pass(100).then(() => "Write still blocked"),
      ]),
    );
    await t.read("b Read", b, 10);
    await t.awaited("a Write", 2000, written);
    await t.error("a Close", () => a.Close());
    await t.read("b Read", b, 4);
    await t.read("b Read", b, 4);
    await t.write("b Write", b, "x");
    await t.read("a Read", a, 4);
    await t.write("a Write", a, "x");
    await t.error("a Close", () => a.Close());
    await t.error("b Close", () => b.Close());
    await t.error("b SetDeadline", () => b.SetDeadline(past));
  },

  "pipe-deadlines": async (t) => {
    const [a, b] = t.net.Pipe();
    await t.error("SetReadDeadline past", () => a.SetReadDeadline(past));
    await t.read("a Read", a, 4);
    a.SetReadDeadline(inMs(100));
    let began = performance.now();
    await t.read("a Read", a, 4);
    t.since("a Read", began, 90, 800);
    a.SetWriteDeadline(inMs(100));
    began = performance.now();
    await t.write("a Write", a, "x");
    t.since("a Write", began, 90, 800);
    a.SetWriteDeadline(inMs(150));
    void b.Read(new Uint8Array(3));
    await t.write("a Write", a, "0123456789");
    await t.error("SetDeadline zero", () => a.SetDeadline(null));
    void a.Write(utf8("ok"));
    await t.read("b Read", b, 8);
    await a.Close();
    await b.Close();
  },
};
