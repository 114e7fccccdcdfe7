/**
 * Latency by percentile as a small SVG: the x axis is stretched towards the tail as an HdrHistogram plot's is (each
 * nine takes the same room), the y axis is logarithmic. Pure: from points to text, no clock and no random number.
 */
export interface PercentilePoint {
  /** 0…100. */
  readonly percentile: number;
  readonly valueNs: number;
}

export interface PercentileSeries {
  readonly name: string;
  /** Ascending by percentile. */
  readonly points: readonly PercentilePoint[];
}

/** A histogram as hdr-histogram-js gives it, and as much of it as is used here. */
export interface LatencyHistogram {
  readonly totalCount: number;
  readonly maxValue: number;
  getValueAtPercentile(percentile: number): number;
}

const WIDTH = 860;
const HEIGHT = 420;
const LEFT = 76;
const RIGHT = 24;
const TOP = 48;
const BOTTOM = 84;
/** Told apart by people who see colours differently, on white and in print. */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"];
const DASHES = ["", "7 3", "2 3", "9 3 2 3", "4 2", "1 2"];
/** Points a nine. */
const STEPS_PER_NINE = 10;
const NINES_MAX = 6;

/** Points from a histogram, up to the last percentile that its count can tell apart, and the maximum. */
export function percentilePoints(histogram: LatencyHistogram): PercentilePoint[] {
  const nines = Math.min(NINES_MAX, Math.log10(Math.max(1, histogram.totalCount)));
  const points: PercentilePoint[] = [];
  for (let step = 0; step <= nines * STEPS_PER_NINE; step++) {
    const percentile = 100 * (1 - 10 ** (-step / STEPS_PER_NINE));
    points.push({ percentile, valueNs: histogram.getValueAtPercentile(percentile) });
  }
  points.push({ percentile: 100, valueNs: histogram.maxValue });
  return points;
}

/** The plot of one or more series under a title. Series without points are left out. */
export function percentilePlot(title: string, series: readonly PercentileSeries[]): string {
  const drawn = series.filter(({ points }) => points.length > 0);
  const scale = scaleOf(drawn);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}"` +
      ` role="img" aria-label="${escapeText(title)}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="24" font-size="15" font-weight="600" fill="#1a1a1a">${escapeText(title)}</text>`,
    ...grid(scale),
    ...drawn.map((entry, i) => line(entry, i, scale)),
    ...drawn.map((entry, i) => legend(entry.name, i, drawn.length)),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

interface Scale {
  /** Powers of ten at the bottom and the top. */
  readonly low: number;
  readonly high: number;
  readonly nines: number;
}

function scaleOf(series: readonly PercentileSeries[]): Scale {
  const points = series.flatMap((entry) => entry.points);
  const values = points.map((point) => Math.max(1, point.valueNs));
  const below = points.filter((point) => point.percentile < 100).map((point) => ninesOf(point.percentile));
  const low = values.length === 0 ? 0 : Math.floor(Math.log10(Math.min(...values)));
  const high = values.length === 0 ? 1 : Math.ceil(Math.log10(Math.max(...values)));
  return { low, high: Math.max(high, low + 1), nines: Math.max(1, Math.ceil(Math.max(0, ...below) - 1e-9)) };
}

/** 0 → 0, 90 → 1, 99 → 2. */
function ninesOf(percentile: number): number {
  return -Math.log10(1 - percentile / 100);
}

/** The maximum stands half a nine behind the last. */
function x(percentile: number, { nines }: Scale): number {
  const at = percentile >= 100 ? nines + 0.5 : Math.min(ninesOf(percentile), nines);
  return LEFT + (at / (nines + 0.5)) * (WIDTH - LEFT - RIGHT);
}

function y(valueNs: number, { low, high }: Scale): number {
  const at = (Math.log10(Math.max(1, valueNs)) - low) / (high - low);
  return HEIGHT - BOTTOM - at * (HEIGHT - TOP - BOTTOM);
}

function grid(scale: Scale): string[] {
  const parts: string[] = [];
  const bottom = HEIGHT - BOTTOM;
  for (let power = scale.low; power <= scale.high; power++) {
    const at = y(10 ** power, scale).toFixed(1);
    parts.push(`<path d="M${LEFT} ${at}H${WIDTH - RIGHT}" stroke="#e2e2e2"/>`);
    parts.push(`<text x="${LEFT - 8}" y="${at}" dy="4" text-anchor="end" fill="#444">${powerText(power)}</text>`);
  }
  const percentiles = [0, 50, ...Array.from({ length: scale.nines }, (_, i) => 100 * (1 - 10 ** -(i + 1))), 100];
  for (const percentile of percentiles) {
    const at = x(percentile, scale).toFixed(1);
    const label = percentile === 100 ? "max" : `${Number(percentile.toPrecision(8))}`;
    parts.push(`<path d="M${at} ${TOP}V${bottom}" stroke="#e2e2e2"/>`);
    parts.push(`<text x="${at}" y="${bottom + 18}" text-anchor="middle" fill="#444">${label}</text>`);
  }
  const middle = (LEFT + WIDTH - RIGHT) / 2;
  parts.push(`<text x="${middle}" y="${bottom + 38}" text-anchor="middle" fill="#444">percentile</text>`);
  return parts;
}

/** 3 → "1 µs". */
function powerText(power: number): string {
  const units = ["ns", "µs", "ms", "s"];
  const unit = Math.min(Math.floor(power / 3), units.length - 1);
  return `${10 ** (power - unit * 3)} ${units[unit]}`;
}

function line({ name, points }: PercentileSeries, index: number, scale: Scale): string {
  const path = points.map((point, i) => {
    const at = `${x(point.percentile, scale).toFixed(1)} ${y(point.valueNs, scale).toFixed(1)}`;
    return `${i === 0 ? "M" : "L"}${at}`;
  });
  const { colour, dash } = style(index);
  return (
    `<path d="${path.join("")}" fill="none" stroke="${colour}" stroke-width="2"${dash}>` +
    `<title>${escapeText(name)}</title></path>`
  );
}

function legend(name: string, index: number, count: number): string {
  const step = (WIDTH - LEFT - RIGHT) / Math.max(count, 1);
  const at = LEFT + index * step;
  const base = HEIGHT - 20;
  const { colour, dash } = style(index);
  return (
    `<path d="M${at.toFixed(1)} ${base - 4}h26" stroke="${colour}" stroke-width="2"${dash}/>` +
    `<text x="${(at + 32).toFixed(1)}" y="${base}" fill="#1a1a1a">${escapeText(name)}</text>`
  );
}

function style(index: number): { colour: string; dash: string } {
  const dash = DASHES[index % DASHES.length]!;
  return { colour: COLOURS[index % COLOURS.length]!, dash: dash === "" ? "" : ` stroke-dasharray="${dash}"` };
}

function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
