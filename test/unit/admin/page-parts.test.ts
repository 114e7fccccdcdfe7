/** Promises of the page's parts that need no browser: events survive any cut; numbers read as people write them. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EventParser } from "../../../src/admin/page/event-parser.ts";
import {
  cents,
  change,
  compact,
  duration,
  price,
  pricePadded,
  share,
  timeOfDay,
} from "../../../src/admin/page/format.ts";
import { Link } from "../../../src/admin/page/link.ts";

test("events come whole out of text cut anywhere, comments not at all", () => {
  const text =
    ': keep-alive\n\nevent: book\nid: 7\ndata: {"a":1}\n\n: x\n\nevent: update\nid: 8\ndata: {"b":2}\n\ndata: 3\n\n';
  const events = [
    { event: "book", data: '{"a":1}' },
    { event: "update", data: '{"b":2}' },
    { event: "message", data: "3" },
  ];
  fc.assert(
    fc.property(fc.array(fc.nat({ max: text.length })), (places) => {
      const cuts = [0, ...places.sort((a, b) => a - b), text.length];
      const parser = new EventParser();
      const found = cuts.slice(1).flatMap((end, i) => parser.push(text.slice(cuts[i], end)));
      expect(found).toEqual(events);
    }),
  );
});

describe("numbers", () => {
  test("prices have cents, and four digits where they need them", () => {
    expect(price(19.6)).toBe("19.60");
    expect(price(19.675)).toBe("19.6750");
    expect(price(0.1 + 0.2)).toBe("0.30");
    expect(price(null)).toBe("–");
    expect(price(5, 4)).toBe("5.0000");
    expect(cents(0.1234)).toBe("0.1234");
    expect(cents(19.675)).toMatch(/^19\.6[78]$/);
    expect([...pricePadded(19.6)].length).toBe([...pricePadded(19.675)].length);
  });

  test("change, rates, shares, times", () => {
    expect(change(100, 101.25)).toEqual({ text: "+1.25%", direction: "up" });
    expect(change(100, 99)).toEqual({ text: "−1.00%", direction: "down" });
    expect(change(100, 99.9999)).toEqual({ text: "0.00%", direction: "flat" });
    expect(change(null, 3).text).toBe("–");
    expect([compact(9_999), compact(12_345), compact(12_345_678), compact(2e9)]).toEqual([
      "9,999",
      "12.3 k",
      "12.3 M",
      "2.00 G",
    ]);
    expect([duration(850), duration(12_400), duration(1_300_000), duration(2.5e9)]).toEqual([
      "850 ns",
      "12.4 µs",
      "1.30 ms",
      "2.5 s",
    ]);
    expect(share(1, 3)).toBe("33.3%");
    expect(share(0, 0)).toBe("–");
    expect(timeOfDay(34_200_123_456_789)).toBe("09:30:00.123");
    expect(timeOfDay(34_200_123_456_789, 0)).toBe("09:30:00");
  });
});

test("the page is connected when all of its sources are", () => {
  const heard: (string | undefined)[] = [];
  const link = new Link((reason) => heard.push(reason));
  link.up("poll");
  link.down("poll", "no answer");
  link.down("poll", "no answer");
  link.down("stream", "broke off");
  link.up("poll");
  link.up("stream");
  expect(heard).toEqual(["no answer", "no answer", "broke off", undefined]);
});
