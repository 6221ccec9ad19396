import { expect, test } from "vitest";
import { RoundTrips } from "./roundtrips.js";

test("counts as ping(8) does", () => {
  const trips = new RoundTrips();
  trips.sent = 5;
  for (const ms of [1, 2, 3, 4]) trips.add(ms);
  expect([trips.min, trips.avg, trips.max]).toEqual([1, 2.5, 4]);
  expect(trips.stddev).toBeCloseTo(Math.sqrt(1.25), 12);
  expect(trips.text()).toBe(
    "5 packets transmitted, 4 received, 20% packet loss\nround-trip min/avg/max/stddev = 1.00/2.50/4.00/1.12 ms",
  );
});

test("without an answer has no times", () => {
  const trips = new RoundTrips();
  expect(trips.text()).toBe("0 packets transmitted, 0 received, 0% packet loss");
  trips.sent = 3;
  expect(trips.text()).toBe("3 packets transmitted, 0 received, 100% packet loss");
  expect([trips.min, trips.avg, trips.max, trips.stddev]).toEqual([null, null, null, null]);
});

test("loss is of those that were waited for, and never below 0", () => {
  const trips = new RoundTrips();
  trips.sent = 4;
  trips.add(1);
  expect(trips.lossText(3)).toBe("66.7% packet loss");
  expect(trips.lossText(1)).toBe("0% packet loss");
  expect(trips.lossText(0)).toBe("0% packet loss");
});

test("large times near each other keep their deviation", () => {
  const trips = new RoundTrips();
  for (const ms of [1e9 + 1, 1e9 + 2, 1e9 + 3]) trips.add(ms);
  expect(trips.stddev).toBeCloseTo(Math.sqrt(2 / 3), 6);
});
