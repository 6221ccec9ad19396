import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Joined } from "./testing/gateways.js";
import { ways } from "./testing/gateways.js";

for (const [name, join] of Object.entries(ways)) {
  describe(`TCP over ${name}`, () => {
    let at: Joined;
    beforeAll(async () => {
      at = await join();
    });
    afterAll(() => at.close());

    it("echoes between a dialled and an accepted connection", async () => {
      const { net } = at;
      const l = await net.Listen("tcp", "127.0.0.1:0");
      const c = await net.Dial("tcp", l.Addr().String());
      const s = await l.Accept();
      expect(s.RemoteAddr().String()).toBe(c.LocalAddr().String());
      expect(await c.Write(new TextEncoder().encode("hello"))).toBe(5);
      const b = new Uint8Array(16);
      const n = await s.Read(b);
      expect(new TextDecoder().decode(b.subarray(0, n))).toBe("hello");
      await s.Write(b.subarray(0, n));
      await net.io.ReadFull(c, b.subarray(0, 5));
      await c.Close();
      await expect(s.Read(b)).rejects.toBe(net.io.EOF);
      await s.Close();
      await l.Close();
    });
  });
}
