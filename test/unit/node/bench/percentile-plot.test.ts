/** Latency by percentile as an SVG. */
import { describe, expect, test } from "bun:test";
import { type LatencyHistogram, percentilePlot, percentilePoints } from "../../../../src/node/bench/percentile-plot.ts";

/** A histogram that remembers every value. */
class ExactHistogram implements LatencyHistogram {
  readonly #sorted: number[];

  constructor(values: readonly number[]) {
    this.#sorted = [...values].sort((a, b) => a - b);
  }

  get totalCount(): number {
    return this.#sorted.length;
  }

  get maxValue(): number {
    return this.#sorted.at(-1) ?? 0;
  }

  getValueAtPercentile(percentile: number): number {
    const rank = Math.max(1, Math.ceil((percentile / 100) * this.#sorted.length));
    return this.#sorted[rank - 1] ?? 0;
  }
}

const latencies = new ExactHistogram(Array.from({ length: 10_000 }, (_, i) => 200 + i));
const quick = { name: "ring", points: percentilePoints(latencies) };
const slow = { name: "socket <A & B>", points: quick.points.map((p) => ({ ...p, valueNs: p.valueNs * 1000 })) };

/** The drawn line of a series, as points. */
function drawn(svg: string, name: string): { x: number; y: number }[] {
  const path = new RegExp(`<path d="(M[^"]+)" fill="none"[^>]*><title>${name}</title>`).exec(svg)![1]!;
  return path
    .slice(1)
    .split("L")
    .map((point) => point.split(" ").map(Number))
    .map(([x, y]) => ({ x: x!, y: y! }));
}

/** Every tag closed, in order; attributes quoted; no bare & or <. */
async function wellFormed(svg: string): Promise<boolean> {
  const open: string[] = [];
  for (const [, closing, name, rest] of svg.matchAll(/<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*\/?>/g)) {
    if (closing) {
      if (open.pop() !== name) return false;
    } else if (!svg.includes(`<${name}${rest}/>`)) open.push(name!);
  }
  const withoutTags = svg.replace(/<[^>]+>/g, "").replace(/&#\d+;/g, "");
  return open.length === 0 && !/[<>&]/.test(withoutTags);
}

describe("points", () => {
  test("they rise, end at the maximum, and go no deeper into the tail than the count can tell", () => {
    const { points } = quick;
    expect(points.at(-1)).toEqual({ percentile: 100, valueNs: 10_199 });
    expect(points.at(-2)!.percentile).toBeCloseTo(99.99, 6);
    for (let i = 1; i < points.length; i++) {
      expect(points[i]!.percentile).toBeGreaterThan(points[i - 1]!.percentile);
      expect(points[i]!.valueNs).toBeGreaterThanOrEqual(points[i - 1]!.valueNs);
    }
  });

  test("a histogram without values gives a plot all the same", async () => {
    const svg = percentilePlot("nothing yet", [{ name: "empty", points: percentilePoints(new ExactHistogram([])) }]);
    expect(svg).not.toContain("NaN");
    expect(await wellFormed(svg)).toBe(true);
  });
});

describe("plot", () => {
  const svg = percentilePlot('p99 "ring" & socket', [quick, slow]);

  test("it is one well-formed picture, whatever is in the names", async () => {
    expect(svg).toStartWith("<svg ");
    expect(await wellFormed(svg)).toBe(true);
    expect(svg).not.toContain("<A & B>");
    expect(svg).not.toContain("NaN");
  });

  test("a line goes to the right and never down as the percentile rises", () => {
    const line = drawn(svg, "ring");
    expect(line).toHaveLength(quick.points.length);
    for (let i = 1; i < line.length; i++) {
      expect(line[i]!.x).toBeGreaterThanOrEqual(line[i - 1]!.x);
      expect(line[i]!.y).toBeLessThanOrEqual(line[i - 1]!.y);
    }
  });

  test("a thousand times slower is drawn higher, by the same distance at every percentile", () => {
    const [low, high] = [drawn(svg, "ring"), drawn(svg, "socket &#60;A &#38; B&#62;")];
    const distance = low[0]!.y - high[0]!.y;
    expect(distance).toBeGreaterThan(20);
    for (let i = 0; i < low.length; i++) expect(low[i]!.y - high[i]!.y).toBeCloseTo(distance, 0);
  });

  test("each nine takes the same room", () => {
    const at = (percentile: string) =>
      Number(new RegExp(`<text x="([\\d.]+)"[^>]*>${percentile}</text>`).exec(svg)![1]);
    expect(at("99") - at("90")).toBeCloseTo(at("99.9") - at("99"), 0);
  });

  test("everything stays inside the picture", () => {
    for (const { x, y } of [...drawn(svg, "ring"), ...drawn(svg, "socket &#60;A &#38; B&#62;")]) {
      expect(x).toBeWithin(0, 861);
      expect(y).toBeWithin(0, 421);
    }
  });

  test("the same points give the same picture", () => {
    expect(percentilePlot('p99 "ring" & socket', [quick, slow])).toBe(svg);
  });
});
