/**
 * What is known of each instrument besides orders and trades, by stock locate: the last message of each kind, kept as
 * its bytes and read only when somebody asks. Owned by `FastBooks`.
 *
 * Always holds: a locate is known exactly when its directory message is on the slab; one symbol has one locate.
 * The slab grows at directory messages only. Operational halts and crosses are objects: their messages are rare.
 */
import { readAscii, readU48, readU64 } from "../core/bytes.ts";
import { ITCH_BYTES, ITCH50, Itch } from "../wire/itch50.ts";
import { ApplyStatus, type CrossImage, type ImbalanceImage, type PriceDiscoveryImage } from "./contract.ts";

const LOCATE_COUNT = 65536;
/** Kinds of which the last message is kept, and where on an instrument's slab. */
const KEPT = [
  Itch.stockDirectory,
  Itch.tradingAction,
  Itch.regSho,
  Itch.retailInterest,
  Itch.ipoQuoting,
  Itch.luldCollar,
  Itch.imbalance,
  Itch.priceDiscovery,
] as const;
const SLAB_OFFSET = new Int32Array(256).fill(-1);
let slabBytes = 0;
for (const type of KEPT) {
  SLAB_OFFSET[type] = slabBytes;
  slabBytes += ITCH_BYTES[type]!;
}
const SLAB_BYTES = slabBytes;
const HALTED = 0x48;
const RESUMED = 0x54;

/** The part of an `InstrumentImage` that is not about orders and trades. */
export type ReferenceImage = ReturnType<Instruments["image"]>;

export class Instruments {
  /** 1 for each announced locate. Never replaced: hot code may keep it. */
  readonly known = new Uint8Array(LOCATE_COUNT);
  #slab = new Uint8Array(0);
  #view = new DataView(this.#slab.buffer);
  readonly #symbols = new Map<number, string>();
  readonly #locates = new Map<string, number>();
  /** Market codes with a halt in force, ascending. */
  readonly #halts = new Map<number, string>();
  readonly #crosses = new Map<number, Map<string, CrossImage>>();

  get count(): number {
    return this.#symbols.size;
  }

  /** A directory message: `ok` or `locateConflict`. Look at `known` before to see whether it is new. */
  announce(bytes: Uint8Array, view: DataView, offset: number): ApplyStatus {
    const locate = view.getUint16(offset + 1);
    const symbol = readAscii(bytes, offset + ITCH50.R.fields.stock[0], 8);
    const other = this.#locates.get(symbol);
    if (this.known[locate] === 1 ? other !== locate : other !== undefined) return ApplyStatus.locateConflict;
    if (this.known[locate] === 0) {
      this.known[locate] = 1;
      this.#symbols.set(locate, symbol);
      this.#locates.set(symbol, locate);
      this.#grow(locate);
    }
    this.keep(Itch.stockDirectory, bytes, offset, locate);
    return ApplyStatus.ok;
  }

  /** Keeps a message as the last of its kind; kinds not kept are passed over. */
  keep(type: number, bytes: Uint8Array, offset: number, locate: number): void {
    const at = SLAB_OFFSET[type]!;
    if (at < 0) return;
    const slab = this.#slab;
    const start = locate * SLAB_BYTES + at;
    for (let i = 0, end = ITCH_BYTES[type]!; i < end; i++) slab[start + i] = bytes[offset + i]!;
  }

  operationalHalt(bytes: Uint8Array, offset: number, locate: number): void {
    const market = String.fromCharCode(bytes[offset + ITCH50.h.fields.marketCode[0]]!);
    const action = bytes[offset + ITCH50.h.fields.haltAction[0]]!;
    const halted = new Set(this.#halts.get(locate) ?? "");
    if (action === HALTED) halted.add(market);
    else if (action === RESUMED) halted.delete(market);
    this.#halts.set(locate, [...halted].sort().join(""));
  }

  cross(view: DataView, offset: number, locate: number): void {
    const f = ITCH50.Q.fields;
    const crossType = String.fromCharCode(view.getUint8(offset + f.crossType[0]));
    let crosses = this.#crosses.get(locate);
    if (!crosses) {
      crosses = new Map();
      this.#crosses.set(locate, crosses);
    }
    crosses.set(crossType, {
      tsEventNs: readU48(view, offset + 5),
      priceE4: view.getUint32(offset + f.crossPriceE4[0]),
      shares: readU64(view, offset + f.shares[0]),
      matchNumber: view.getBigUint64(offset + f.matchNumber[0]),
      crossType,
    });
  }

  clear(): void {
    this.known.fill(0);
    this.#slab = new Uint8Array(0);
    this.#view = new DataView(this.#slab.buffer);
    this.#symbols.clear();
    this.#locates.clear();
    this.#halts.clear();
    this.#crosses.clear();
  }

  locates(): number[] {
    return [...this.#symbols.keys()].sort((a, b) => a - b);
  }

  symbolOf(locate: number): string {
    return this.#symbols.get(locate) ?? "";
  }

  /** Of a known instrument. */
  image(locate: number) {
    const { R, H, Y, N } = ITCH50;
    const directory = this.#at(Itch.stockDirectory, locate);
    const action = this.#at(Itch.tradingAction, locate);
    const char = (base: number, field: readonly [number, ...unknown[]]) => this.#char(base, field[0]);
    return {
      locate,
      symbol: this.symbolOf(locate),
      marketCategory: char(directory, R.fields.marketCategory),
      financialStatus: char(directory, R.fields.financialStatus),
      roundLotSize: this.#view.getUint32(directory + R.fields.roundLotSize[0]),
      roundLotsOnly: char(directory, R.fields.roundLotsOnly),
      issueClassification: char(directory, R.fields.issueClassification),
      issueSubType: readAscii(this.#slab, directory + R.fields.issueSubType[0], 2),
      authenticity: char(directory, R.fields.authenticity),
      shortSaleThreshold: char(directory, R.fields.shortSaleThreshold),
      ipoFlag: char(directory, R.fields.ipoFlag),
      luldTier: char(directory, R.fields.luldReferencePriceTier),
      etpFlag: char(directory, R.fields.etpFlag),
      etpLeverageFactor: this.#view.getUint32(directory + R.fields.etpLeverageFactor[0]),
      inverseIndicator: char(directory, R.fields.inverseIndicator),
      tradingState: char(action, H.fields.tradingState),
      tradingReason: action < 0 ? "" : readAscii(this.#slab, action + H.fields.reason[0], 4),
      regShoAction: char(this.#at(Itch.regSho, locate), Y.fields.regShoAction),
      operationalHalts: this.#halts.get(locate) ?? "",
      retailInterest: char(this.#at(Itch.retailInterest, locate), N.fields.interestFlag),
      luld: this.#luld(this.#at(Itch.luldCollar, locate)),
      ipo: this.#ipo(this.#at(Itch.ipoQuoting, locate)),
      priceDiscovery: this.#discovery(this.#at(Itch.priceDiscovery, locate)),
      imbalance: this.#imbalance(this.#at(Itch.imbalance, locate)),
      crosses: this.#crossImages(locate),
    };
  }

  /** Where the last message of a kind is on the slab; -1 when there was none. */
  #at(type: number, locate: number): number {
    const at = locate * SLAB_BYTES + SLAB_OFFSET[type]!;
    return this.#slab[at] === type ? at : -1;
  }

  #char(base: number, field: number): string {
    return base < 0 ? "" : String.fromCharCode(this.#slab[base + field]!);
  }

  #luld(at: number) {
    if (at < 0) return null;
    const { referencePriceE4, upperPriceE4, lowerPriceE4, extension } = ITCH50.J.fields;
    return {
      referencePriceE4: this.#view.getUint32(at + referencePriceE4[0]),
      upperPriceE4: this.#view.getUint32(at + upperPriceE4[0]),
      lowerPriceE4: this.#view.getUint32(at + lowerPriceE4[0]),
      extension: this.#view.getUint32(at + extension[0]),
    };
  }

  #ipo(at: number) {
    if (at < 0) return null;
    const { releaseTimeSeconds, releaseQualifier, ipoPriceE4 } = ITCH50.K.fields;
    return {
      releaseTimeSeconds: this.#view.getUint32(at + releaseTimeSeconds[0]),
      qualifier: this.#char(at, releaseQualifier[0]),
      priceE4: this.#view.getUint32(at + ipoPriceE4[0]),
    };
  }

  #discovery(at: number): PriceDiscoveryImage | null {
    if (at < 0) return null;
    const f = ITCH50.O.fields;
    return {
      openEligibility: this.#char(at, f.openEligibility[0]),
      minimumPriceE4: this.#view.getUint32(at + f.minimumPriceE4[0]),
      maximumPriceE4: this.#view.getUint32(at + f.maximumPriceE4[0]),
      nearExecutionPriceE4: this.#view.getUint32(at + f.nearExecutionPriceE4[0]),
      nearExecutionTime: this.#view.getBigUint64(at + f.nearExecutionTime[0]),
      lowerCollarPriceE4: this.#view.getUint32(at + f.lowerCollarPriceE4[0]),
      upperCollarPriceE4: this.#view.getUint32(at + f.upperCollarPriceE4[0]),
    };
  }

  #imbalance(at: number): ImbalanceImage | null {
    if (at < 0) return null;
    const f = ITCH50.I.fields;
    return {
      tsEventNs: readU48(this.#view, at + 5),
      pairedShares: readU64(this.#view, at + f.pairedShares[0]),
      imbalanceShares: readU64(this.#view, at + f.imbalanceShares[0]),
      direction: this.#char(at, f.imbalanceDirection[0]),
      farPriceE4: this.#view.getUint32(at + f.farPriceE4[0]),
      nearPriceE4: this.#view.getUint32(at + f.nearPriceE4[0]),
      referencePriceE4: this.#view.getUint32(at + f.currentReferencePriceE4[0]),
      crossType: this.#char(at, f.crossType[0]),
      priceVariation: this.#char(at, f.priceVariation[0]),
    };
  }

  #crossImages(locate: number): CrossImage[] {
    const crosses = [...(this.#crosses.get(locate)?.values() ?? [])];
    return crosses.map((cross) => ({ ...cross })).sort((a, b) => (a.crossType < b.crossType ? -1 : 1));
  }

  #grow(locate: number): void {
    const need = (locate + 1) * SLAB_BYTES;
    if (need <= this.#slab.length) return;
    const slab = new Uint8Array(Math.max(need, this.#slab.length * 2));
    slab.set(this.#slab);
    this.#slab = slab;
    this.#view = new DataView(slab.buffer);
  }
}
