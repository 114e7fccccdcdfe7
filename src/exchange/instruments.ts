/**
 * The synthetic instruments: tickers that are plainly not listings (Z and three letters, from ZBAA on), what their
 * directory messages say, and where their prices start. A pure function of the seed.
 */
import type { Prng } from "../core/prng.ts";
import type { StockDirectoryFields } from "../wire/itch50-write.ts";

/** Stock locates are 16 bits wide, and so many tickers can be told from one another at a glance. */
export const SYMBOLS_MAX = 10_000;
const LETTERS = 26;
const LETTER_A = 65;
/** One cent: displayed prices are on this grid. */
export const TICK_E4 = 100;

/** How an instrument comes to trade on the day. */
export type ListingKind = "listed" | "ipo" | "direct";

export interface Instrument {
  readonly symbol: string;
  readonly fields: StockDirectoryFields;
  /** 0 none, 1 intraday drop, 2 remains: ASCII. */
  readonly regShoByte: number;
  /** Yesterday's close, or the price an offering is expected at. On the tick. */
  readonly priceE4: number;
  readonly kind: ListingKind;
}

/** 0 → "ZBAA", 1 → "ZBAB", 26 → "ZBBA". */
export function tickerOf(index: number): string {
  const letter = (value: number) => String.fromCharCode(LETTER_A + (value % LETTERS));
  const series = letter(1 + Math.floor(index / (LETTERS * LETTERS)));
  return `Z${series}${letter(Math.floor(index / LETTERS))}${letter(index)}`;
}

/** The day's instruments, by stock locate − 1. The last two (of eight or more) are an offering and a direct listing. */
export function makeInstruments(count: number, prng: Prng): Instrument[] {
  const instruments: Instrument[] = [];
  for (let i = 0; i < count; i++) {
    const kind: ListingKind = count < 8 || i < count - 2 ? "listed" : i === count - 2 ? "ipo" : "direct";
    instruments.push(makeInstrument(tickerOf(i), kind, prng));
  }
  return instruments;
}

function makeInstrument(symbol: string, kind: ListingKind, prng: Prng): Instrument {
  const isEtp = kind === "listed" && prng.chance(0.15);
  const isTier1 = prng.chance(0.3);
  const fields: StockDirectoryFields = {
    marketCategory: isEtp ? "G" : "QQQGS"[prng.below(5)]!,
    financialStatus: prng.chance(0.01) ? "D" : "N",
    issueClassification: isEtp ? "Q" : "C",
    issueSubType: isEtp ? "E" : "Z",
    ipoFlag: kind === "ipo" ? "Y" : "N",
    luldReferencePriceTier: isTier1 ? "1" : "2",
    etpFlag: isEtp ? "Y" : "N",
    etpLeverageFactor: isEtp && prng.chance(0.2) ? 2 : 0,
    inverseIndicator: isEtp && prng.chance(0.1) ? "Y" : "N",
  };
  // Log-uniform from 8 to 400 dollars.
  const dollars = 8 * 50 ** prng.float();
  return {
    symbol,
    fields,
    regShoByte: prng.chance(0.02) ? 0x32 : 0x30,
    priceE4: Math.round(dollars * 100) * TICK_E4,
    kind,
  };
}
