/**
 * One instrument of the naive engine: its orders in arrival order, and the last message of each kind kept as it was.
 * Owned by `NaiveBooks`. Nothing here is fast and nothing is clever.
 */
import type { ItchMessage, ItchMessageOf } from "../wire/itch50.ts";
import {
  ApplyStatus,
  type CrossImage,
  type InstrumentImage,
  type LevelImage,
  type OrderImage,
  TRADE_LOG_MAX,
  type TradeImage,
} from "./contract.ts";

const TRADES_NONE = {
  volumeShares: 0,
  notionalE4: 0,
  tradeCount: 0,
  brokenCount: 0,
  openPriceE4: 0,
  highPriceE4: 0,
  lowPriceE4: 0,
  lastPriceE4: 0,
  lastShares: 0,
  lastTradeNs: 0,
};

export class NaiveInstrument {
  directory: ItchMessageOf<"R">;
  readonly symbol: string;
  /** Iterates in time priority. */
  readonly orders = new Map<bigint, OrderImage>();
  /** The newest `TRADE_LOG_MAX`, oldest first. */
  readonly trades: TradeImage[] = [];
  doubtCount = 0;
  #traded = false;
  readonly #stats = { ...TRADES_NONE };
  #tradingAction?: ItchMessageOf<"H">;
  #regSho?: ItchMessageOf<"Y">;
  #retail?: ItchMessageOf<"N">;
  #ipo?: ItchMessageOf<"K">;
  #luld?: ItchMessageOf<"J">;
  #imbalance?: ItchMessageOf<"I">;
  #discovery?: ItchMessageOf<"O">;
  readonly #halts = new Set<string>();
  readonly #crosses = new Map<string, CrossImage>();

  constructor(directory: ItchMessageOf<"R">) {
    this.directory = directory;
    this.symbol = directory.stock;
  }

  apply(message: ItchMessage): ApplyStatus {
    switch (message.type) {
      case "A":
      case "F":
        return this.#add(message);
      case "E":
      case "C":
        return this.#execute(message);
      case "X":
        return this.#take(message.orderReference, message.canceledShares);
      case "D":
        return this.orders.delete(message.orderReference) ? ApplyStatus.ok : ApplyStatus.unknownOrder;
      case "U":
        return this.#replace(message);
      case "P":
        this.#trade(message, message.matchNumber, message.priceE4, message.shares, "");
        break;
      case "Q":
        this.#cross(message);
        break;
      case "B":
        this.#break(message.matchNumber);
        break;
      default:
        this.#keep(message);
    }
    return ApplyStatus.ok;
  }

  #keep(message: ItchMessage): void {
    if (message.type === "H") this.#tradingAction = message;
    else if (message.type === "Y") this.#regSho = message;
    else if (message.type === "N") this.#retail = message;
    else if (message.type === "K") this.#ipo = message;
    else if (message.type === "J") this.#luld = message;
    else if (message.type === "I") this.#imbalance = message;
    else if (message.type === "O") this.#discovery = message;
    else if (message.type === "h" && message.haltAction === "H") this.#halts.add(message.marketCode);
    else if (message.type === "h" && message.haltAction === "T") this.#halts.delete(message.marketCode);
  }

  #add(message: ItchMessageOf<"A"> | ItchMessageOf<"F">): ApplyStatus {
    const { orderReference, side, shares, priceE4, stockLocate: locate } = message;
    if (side !== "B" && side !== "S") return ApplyStatus.badSide;
    if (shares === 0) return ApplyStatus.zeroShares;
    if (this.orders.has(orderReference)) return ApplyStatus.duplicateOrder;
    const mpid = message.type === "F" ? message.attribution : "";
    this.orders.set(orderReference, { orderReference, locate, side, priceE4, shares, mpid });
    return ApplyStatus.ok;
  }

  /** Takes shares off an order; off the book when none are left. */
  #take(orderReference: bigint, shares: number): ApplyStatus {
    const order = this.orders.get(orderReference);
    if (shares === 0) return ApplyStatus.zeroShares;
    if (!order) return ApplyStatus.unknownOrder;
    if (shares > order.shares) return ApplyStatus.sharesExceeded;
    order.shares -= shares;
    if (order.shares === 0) this.orders.delete(orderReference);
    return ApplyStatus.ok;
  }

  #execute(message: ItchMessageOf<"E"> | ItchMessageOf<"C">): ApplyStatus {
    const order = this.orders.get(message.orderReference);
    const status = this.#take(message.orderReference, message.executedShares);
    if (status !== ApplyStatus.ok || !order) return status;
    if (message.type === "C" && message.printable === "N") return status;
    const priceE4 = message.type === "C" ? message.executionPriceE4 : order.priceE4;
    this.#trade(message, message.matchNumber, priceE4, message.executedShares, order.side);
    return status;
  }

  #replace(message: ItchMessageOf<"U">): ApplyStatus {
    const { originalOrderReference, newOrderReference: orderReference, shares, priceE4 } = message;
    const old = this.orders.get(originalOrderReference);
    if (shares === 0) return ApplyStatus.zeroShares;
    if (!old) return ApplyStatus.unknownOrder;
    if (this.orders.has(orderReference)) return ApplyStatus.duplicateOrder;
    this.orders.delete(originalOrderReference);
    this.orders.set(orderReference, { ...old, orderReference, shares, priceE4 });
    return ApplyStatus.ok;
  }

  #trade(message: ItchMessage, matchNumber: bigint, priceE4: number, shares: number, side: "B" | "S" | ""): void {
    if (shares === 0) return;
    const stats = this.#stats;
    const { timestampNs: tsEventNs } = message;
    const type = message.type as TradeImage["type"];
    this.trades.push({ matchNumber, tsEventNs, priceE4, shares, type, side, broken: false });
    if (this.trades.length > TRADE_LOG_MAX) this.trades.shift();
    stats.volumeShares += shares;
    stats.notionalE4 += priceE4 * shares;
    stats.tradeCount++;
    if (!this.#traded) stats.openPriceE4 = stats.highPriceE4 = stats.lowPriceE4 = priceE4;
    this.#traded = true;
    stats.highPriceE4 = Math.max(stats.highPriceE4, priceE4);
    stats.lowPriceE4 = Math.min(stats.lowPriceE4, priceE4);
    stats.lastPriceE4 = priceE4;
    stats.lastShares = shares;
    stats.lastTradeNs = tsEventNs;
  }

  #cross(message: ItchMessageOf<"Q">): void {
    const { timestampNs: tsEventNs, crossPriceE4: priceE4, matchNumber, crossType } = message;
    const shares = Number(message.shares);
    this.#crosses.set(crossType, { tsEventNs, priceE4, shares, matchNumber, crossType });
    this.#trade(message, matchNumber, priceE4, shares, "");
  }

  #break(matchNumber: bigint): void {
    this.#stats.brokenCount++;
    const trade = this.trades.findLast((t) => t.matchNumber === matchNumber && !t.broken);
    if (!trade) return;
    trade.broken = true;
    this.#stats.volumeShares -= trade.shares;
    this.#stats.notionalE4 -= trade.priceE4 * trade.shares;
    this.#stats.tradeCount--;
  }

  /** All levels of a side, best first, with their queues. */
  levels(side: "B" | "S"): LevelImage[] {
    const levels = new Map<number, Required<LevelImage>>();
    for (const { side: orderSide, priceE4, orderReference, shares } of this.orders.values()) {
      if (orderSide !== side) continue;
      const level = levels.get(priceE4) ?? { priceE4, shares: 0, orders: 0, queue: [] };
      levels.set(priceE4, level);
      level.shares += shares;
      level.orders++;
      level.queue.push({ orderReference, shares });
    }
    return [...levels.values()].sort((a, b) => (side === "B" ? b.priceE4 - a.priceE4 : a.priceE4 - b.priceE4));
  }

  image(): InstrumentImage {
    const { directory: d } = this;
    const [luld, ipo, imbalance, discovery] = [this.#luld, this.#ipo, this.#imbalance, this.#discovery];
    return {
      locate: d.stockLocate,
      symbol: this.symbol,
      marketCategory: d.marketCategory,
      financialStatus: d.financialStatus,
      roundLotSize: d.roundLotSize,
      roundLotsOnly: d.roundLotsOnly,
      issueClassification: d.issueClassification,
      issueSubType: d.issueSubType,
      authenticity: d.authenticity,
      shortSaleThreshold: d.shortSaleThreshold,
      ipoFlag: d.ipoFlag,
      luldTier: d.luldReferencePriceTier,
      etpFlag: d.etpFlag,
      etpLeverageFactor: d.etpLeverageFactor,
      inverseIndicator: d.inverseIndicator,
      tradingState: this.#tradingAction?.tradingState ?? "",
      tradingReason: this.#tradingAction?.reason ?? "",
      regShoAction: this.#regSho?.regShoAction ?? "",
      operationalHalts: [...this.#halts].sort().join(""),
      retailInterest: this.#retail?.interestFlag ?? "",
      luld: luld
        ? {
            referencePriceE4: luld.referencePriceE4,
            upperPriceE4: luld.upperPriceE4,
            lowerPriceE4: luld.lowerPriceE4,
            extension: luld.extension,
          }
        : null,
      ipo: ipo
        ? { releaseTimeSeconds: ipo.releaseTimeSeconds, qualifier: ipo.releaseQualifier, priceE4: ipo.ipoPriceE4 }
        : null,
      priceDiscovery: discovery
        ? {
            openEligibility: discovery.openEligibility,
            minimumPriceE4: discovery.minimumPriceE4,
            maximumPriceE4: discovery.maximumPriceE4,
            nearExecutionPriceE4: discovery.nearExecutionPriceE4,
            nearExecutionTime: discovery.nearExecutionTime,
            lowerCollarPriceE4: discovery.lowerCollarPriceE4,
            upperCollarPriceE4: discovery.upperCollarPriceE4,
          }
        : null,
      imbalance: imbalance
        ? {
            tsEventNs: imbalance.timestampNs,
            pairedShares: Number(imbalance.pairedShares),
            imbalanceShares: Number(imbalance.imbalanceShares),
            direction: imbalance.imbalanceDirection,
            farPriceE4: imbalance.farPriceE4,
            nearPriceE4: imbalance.nearPriceE4,
            referencePriceE4: imbalance.currentReferencePriceE4,
            crossType: imbalance.crossType,
            priceVariation: imbalance.priceVariation,
          }
        : null,
      crosses: [...this.#crosses.values()].sort((a, b) => (a.crossType < b.crossType ? -1 : 1)),
      ...this.#stats,
      orderCount: this.orders.size,
      doubtCount: this.doubtCount,
    };
  }
}
