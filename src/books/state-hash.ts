/**
 * What every hash of a book is made of, field by field and in which order. Engines keep their data each in its own way;
 * the canonical form is here, so that two engines, two shardings or two replicas can be held against each other by
 * comparing 16 digits. Anything added here changes every hash.
 *
 * State: what a GLIMPSE snapshot restores. Session: what only somebody who listened all session knows.
 */
import { StateHash } from "../core/hash.ts";
import type { InstrumentImage } from "./contract.ts";

const doubleScratch = new Float64Array(1);
const wordScratch = new Uint32Array(doubleScratch.buffer);

/** Mixes a double by its bits, so that sums beyond 2^53 count as they are. */
export function hashDouble(hash: StateHash, value: number): void {
  doubleScratch[0] = value;
  hash.u32(wordScratch[0]!);
  hash.u32(wordScratch[1]!);
}

/** Mixes a u64 that is at hand as a bigint. */
export function hashU64(hash: StateHash, value: bigint): void {
  hash.u32(Number(value >> 32n));
  hash.u32(Number(value & 0xffffffffn));
}

/** The directory, trading state, Reg SHO and operational halts: what comes before the orders in the state hash. */
export function hashStateHead(hash: StateHash, image: InstrumentImage): void {
  hash.u32(image.locate);
  hash.text(image.symbol);
  hash.text(image.marketCategory);
  hash.text(image.financialStatus);
  hash.u32(image.roundLotSize);
  hash.text(image.roundLotsOnly);
  hash.text(image.issueClassification);
  hash.text(image.issueSubType);
  hash.text(image.authenticity);
  hash.text(image.shortSaleThreshold);
  hash.text(image.ipoFlag);
  hash.text(image.luldTier);
  hash.text(image.etpFlag);
  hash.u32(image.etpLeverageFactor);
  hash.text(image.inverseIndicator);
  hash.text(image.tradingState);
  hash.text(image.tradingReason);
  hash.text(image.regShoAction);
  hash.text(image.operationalHalts);
}

/** Begins one side in the state hash: bids, then asks, best level first. */
export function hashSideHead(hash: StateHash, levelCount: number): void {
  hash.u32(levelCount);
}

export function hashLevelHead(hash: StateHash, priceE4: number, orderCount: number): void {
  hash.u32(priceE4);
  hash.u32(orderCount);
}

/** One order of a level, oldest first. */
export function hashOrder(hash: StateHash, referenceHigh: number, referenceLow: number, shares: number): void {
  hash.u32(referenceHigh);
  hash.u32(referenceLow);
  hash.u32(shares);
}

/** Everything of the session but the trade log and the attributions, which follow it in this order. */
export function hashSessionHead(hash: StateHash, image: InstrumentImage): void {
  hash.u32(image.locate);
  hash.text(image.retailInterest);
  hashLuldAndIpo(hash, image);
  hashAuction(hash, image);
  hash.u32(image.crosses.length);
  for (const cross of image.crosses) {
    hash.text(cross.crossType);
    hash.u53(cross.tsEventNs);
    hash.u32(cross.priceE4);
    hashDouble(hash, cross.shares);
    hashU64(hash, cross.matchNumber);
  }
  hashDouble(hash, image.volumeShares);
  hashDouble(hash, image.notionalE4);
  hash.u53(image.tradeCount);
  hash.u53(image.brokenCount);
  hash.u32(image.openPriceE4);
  hash.u32(image.highPriceE4);
  hash.u32(image.lowPriceE4);
  hash.u32(image.lastPriceE4);
  hashDouble(hash, image.lastShares);
  hash.u53(image.lastTradeNs);
  hash.u53(image.doubtCount);
}

function hashLuldAndIpo(hash: StateHash, image: InstrumentImage): void {
  const { luld, ipo } = image;
  hash.u32(luld ? 1 : 0);
  if (luld) {
    hash.u32(luld.referencePriceE4);
    hash.u32(luld.upperPriceE4);
    hash.u32(luld.lowerPriceE4);
    hash.u32(luld.extension);
  }
  hash.u32(ipo ? 1 : 0);
  if (ipo) {
    hash.u32(ipo.releaseTimeSeconds);
    hash.text(ipo.qualifier);
    hash.u32(ipo.priceE4);
  }
}

function hashAuction(hash: StateHash, image: InstrumentImage): void {
  const { imbalance, priceDiscovery } = image;
  hash.u32(imbalance ? 1 : 0);
  if (imbalance) {
    hash.u53(imbalance.tsEventNs);
    hashDouble(hash, imbalance.pairedShares);
    hashDouble(hash, imbalance.imbalanceShares);
    hash.text(imbalance.direction);
    hash.u32(imbalance.farPriceE4);
    hash.u32(imbalance.nearPriceE4);
    hash.u32(imbalance.referencePriceE4);
    hash.text(imbalance.crossType);
    hash.text(imbalance.priceVariation);
  }
  hash.u32(priceDiscovery ? 1 : 0);
  if (priceDiscovery) {
    hash.text(priceDiscovery.openEligibility);
    hash.u32(priceDiscovery.minimumPriceE4);
    hash.u32(priceDiscovery.maximumPriceE4);
    hash.u32(priceDiscovery.nearExecutionPriceE4);
    hashU64(hash, priceDiscovery.nearExecutionTime);
    hash.u32(priceDiscovery.lowerCollarPriceE4);
    hash.u32(priceDiscovery.upperCollarPriceE4);
  }
}

/** One trade of the log, oldest first. `typeCode` and `sideCode` are the letters' ASCII, side 0 where there is none. */
export function hashTrade(
  hash: StateHash,
  matchHigh: number,
  matchLow: number,
  tsEventNs: number,
  priceE4: number,
  shares: number,
  typeCode: number,
  sideCode: number,
  broken: boolean,
): void {
  hash.u32(matchHigh);
  hash.u32(matchLow);
  hash.u53(tsEventNs);
  hash.u32(priceE4);
  hashDouble(hash, shares);
  hash.u32((typeCode << 16) | (sideCode << 8) | (broken ? 1 : 0));
}

/** One attributed order, in the order of the state hash; those with a blank `mpid` are left out. */
export function hashAttribution(hash: StateHash, referenceHigh: number, referenceLow: number, mpid: string): void {
  hash.u32(referenceHigh);
  hash.u32(referenceLow);
  hash.text(mpid);
}

/** The digest of one instrument, as a shard gives it. */
export interface InstrumentHash {
  locate: number;
  state: string;
  session: string;
}

/** The digest of many instruments, whichever shards they came from: over (locate, digest), ascending by locate. */
export function combineHashes(hashes: readonly InstrumentHash[], which: "state" | "session"): string {
  const hash = new StateHash();
  for (const entry of [...hashes].sort((a, b) => a.locate - b.locate)) {
    hash.u32(entry.locate);
    hash.text(entry[which]);
  }
  return hash.digest();
}

/** What can be hashed: any engine. */
interface Hashable {
  locates(): number[];
  hashState(locate: number, hash: StateHash): void;
  hashSession(locate: number, hash: StateHash): void;
}

/** The digests of these instruments, or of all that the engine has. */
export function hashInstruments(engine: Hashable, locates: readonly number[] = engine.locates()): InstrumentHash[] {
  const hash = new StateHash();
  return locates.map((locate) => {
    hash.reset();
    engine.hashState(locate, hash);
    const state = hash.digest();
    hash.reset();
    engine.hashSession(locate, hash);
    return { locate, state, session: hash.digest() };
  });
}
