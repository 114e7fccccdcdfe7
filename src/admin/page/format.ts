/** Numbers for people: fixed decimals so that columns stand still, thin words, no more digits than matter. */

const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const NONE = "–";
/** As wide as a digit. */
const FIGURE_SPACE = "\u2007";

export function whole(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : WHOLE.format(value);
}

/** Dollars with cents; with all four digits where the price has them. */
export function price(value: number | null | undefined, digits?: number): string {
  if (value === null || value === undefined) return NONE;
  return value.toFixed(digits ?? (isCents(value) ? 2 : 4));
}

/** Cents only, as lists have them; prices below a dollar with all four digits. */
export function cents(value: number | null): string {
  return value === null ? NONE : value.toFixed(value < 1 ? 4 : 2);
}

/** As `price`, but so that the decimal points of a right-aligned column stay below each other. */
export function pricePadded(value: number): string {
  return isCents(value) ? value.toFixed(2) + FIGURE_SPACE.repeat(2) : value.toFixed(4);
}

/** Whether two digits are enough. */
export function isCents(value: number): boolean {
  return Math.abs(value * 100 - Math.round(value * 100)) < 1e-6;
}

/** 1234 → "1,234", 45678 → "45.7 k", 12345678 → "12.3 M". */
export function compact(value: number): string {
  if (value < 10_000) return WHOLE.format(value);
  if (value < 1e6) return `${(value / 1e3).toFixed(1)} k`;
  if (value < 1e9) return `${(value / 1e6).toFixed(1)} M`;
  return `${(value / 1e9).toFixed(2)} G`;
}

/** +1.25% from `from` to `to`. */
export function change(from: number | null, to: number | null): { text: string; direction: "up" | "down" | "flat" } {
  if (from === null || to === null || from === 0) return { text: NONE, direction: "flat" };
  const percent = Math.round(((to - from) / from) * 10_000) / 100;
  const text = `${percent > 0 ? "+" : percent < 0 ? "−" : ""}${Math.abs(percent).toFixed(2)}%`;
  return { text, direction: percent > 0 ? "up" : percent < 0 ? "down" : "flat" };
}

/** Nanoseconds since midnight → "09:30:01.123". */
export function timeOfDay(ns: number, digits = 3): string {
  const seconds = Math.floor(ns / 1e9);
  const pad = (value: number) => String(value).padStart(2, "0");
  const clock = `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
  if (digits === 0) return clock;
  return `${clock}.${String(Math.floor(ns - seconds * 1e9))
    .padStart(9, "0")
    .slice(0, digits)}`;
}

/** Nanoseconds → "12.4 µs", "1.30 ms". */
export function duration(ns: number): string {
  const size = Math.abs(ns);
  if (size < 1e3) return `${Math.round(ns)} ns`;
  if (size < 1e6) return `${(ns / 1e3).toFixed(size < 1e4 ? 2 : 1)} µs`;
  if (size < 1e9) return `${(ns / 1e6).toFixed(size < 1e7 ? 2 : 1)} ms`;
  return `${(ns / 1e9).toFixed(1)} s`;
}

export function share(part: number, all: number): string {
  return all === 0 ? NONE : `${((part / all) * 100).toFixed(1)}%`;
}

export const STATES: Record<string, string> = { T: "Trading", H: "Halted", P: "Paused", Q: "Quotation only" };

export function stateName(code: string): string {
  return STATES[code] ?? (code === "" ? "State unknown" : code);
}
