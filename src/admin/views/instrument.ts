/**
 * Everything known of an instrument besides its orders, as the API shows it. Codes stay the feed's own letters, empty
 * where the feed never said; a price that does not exist is null.
 */
import { z } from "@hono/zod-openapi";
import type { InstrumentImage } from "../../books/contract.ts";
import { PRICE_SCALE, priceToDollars } from "../../core/units.ts";
import { CountSchema, PriceSchema, priceOrNull, TsEventNsSchema } from "./common.ts";

const ImbalanceSchema = z.object({
  ts_event_ns: TsEventNsSchema,
  paired_shares: CountSchema,
  imbalance_shares: CountSchema,
  direction: z.string(),
  far_price: PriceSchema.nullable(),
  near_price: PriceSchema.nullable(),
  reference_price: PriceSchema.nullable(),
  cross_type: z.string(),
  price_variation: z.string(),
});

const PriceDiscoverySchema = z.object({
  open_eligibility: z.string(),
  minimum_price: PriceSchema,
  maximum_price: PriceSchema,
  near_execution_price: PriceSchema,
  near_execution_time: z.string().openapi({ description: "As the feed gives it." }),
  lower_collar_price: PriceSchema,
  upper_collar_price: PriceSchema,
});

const CrossSchema = z.object({
  ts_event_ns: TsEventNsSchema,
  price: PriceSchema,
  shares: CountSchema,
  match_number: z.string(),
  cross_type: z.string(),
});

export const InstrumentSchema = z
  .object({
    stock_locate: CountSchema,
    symbol: z.string(),
    market_category: z.string(),
    financial_status: z.string(),
    round_lot_size: CountSchema,
    round_lots_only: z.string(),
    issue_classification: z.string(),
    issue_sub_type: z.string(),
    authenticity: z.string().openapi({ description: "P live, T test." }),
    short_sale_threshold: z.string(),
    ipo_flag: z.string(),
    luld_tier: z.string(),
    etp_flag: z.string(),
    etp_leverage_factor: CountSchema,
    inverse_indicator: z.string(),
    trading_state: z.string(),
    trading_reason: z.string(),
    reg_sho_action: z.string(),
    operational_halts: z.string().openapi({ description: "Market codes with an operational halt in force." }),
    retail_interest: z.string(),
    luld: z
      .object({
        reference_price: PriceSchema,
        upper_price: PriceSchema,
        lower_price: PriceSchema,
        extension: CountSchema,
      })
      .nullable(),
    ipo: z.object({ release_time_s: CountSchema, qualifier: z.string(), price: PriceSchema }).nullable(),
    price_discovery: PriceDiscoverySchema.nullable(),
    imbalance: ImbalanceSchema.nullable(),
    crosses: z.array(CrossSchema).openapi({ description: "The last one of each type." }),
    volume: CountSchema.openapi({ description: "Printable shares; broken trades taken out again." }),
    vwap: PriceSchema.nullable(),
    trade_count: CountSchema,
    broken_count: CountSchema,
    open_price: PriceSchema.nullable(),
    high_price: PriceSchema.nullable(),
    low_price: PriceSchema.nullable(),
    last_price: PriceSchema.nullable(),
    last_shares: CountSchema.nullable(),
    last_trade_ns: TsEventNsSchema.nullable(),
    order_count: CountSchema,
    doubt_count: CountSchema.openapi({
      description:
        "Messages about this book that could not be true, since the last reset. Above 0 the book is in doubt.",
    }),
  })
  .openapi("Instrument");
export type InstrumentJson = z.infer<typeof InstrumentSchema>;

/** Prices of the day are null before the first trade. */
export function instrumentToJson(image: InstrumentImage): InstrumentJson {
  const traded = image.tradeCount > 0;
  return {
    ...directoryToJson(image),
    trading_state: image.tradingState,
    trading_reason: image.tradingReason,
    reg_sho_action: image.regShoAction,
    operational_halts: image.operationalHalts,
    retail_interest: image.retailInterest,
    ...eventsToJson(image),
    volume: image.volumeShares,
    vwap: image.volumeShares > 0 ? vwap(image) : null,
    trade_count: image.tradeCount,
    broken_count: image.brokenCount,
    open_price: traded ? priceToDollars(image.openPriceE4) : null,
    high_price: traded ? priceToDollars(image.highPriceE4) : null,
    low_price: traded ? priceToDollars(image.lowPriceE4) : null,
    last_price: traded ? priceToDollars(image.lastPriceE4) : null,
    last_shares: traded ? image.lastShares : null,
    last_trade_ns: traded ? image.lastTradeNs : null,
    order_count: image.orderCount,
    doubt_count: image.doubtCount,
  };
}

function directoryToJson(image: InstrumentImage) {
  return {
    stock_locate: image.locate,
    symbol: image.symbol,
    market_category: image.marketCategory,
    financial_status: image.financialStatus,
    round_lot_size: image.roundLotSize,
    round_lots_only: image.roundLotsOnly,
    issue_classification: image.issueClassification,
    issue_sub_type: image.issueSubType,
    authenticity: image.authenticity,
    short_sale_threshold: image.shortSaleThreshold,
    ipo_flag: image.ipoFlag,
    luld_tier: image.luldTier,
    etp_flag: image.etpFlag,
    etp_leverage_factor: image.etpLeverageFactor,
    inverse_indicator: image.inverseIndicator,
  };
}

/** Rounded to 1/10000 of the feed's own smallest price step: more digits would be noise. */
function vwap(image: InstrumentImage): number {
  const dollars = image.notionalE4 / image.volumeShares / PRICE_SCALE;
  return Math.round(dollars * 1e8) / 1e8;
}

function eventsToJson(
  image: InstrumentImage,
): Pick<InstrumentJson, "luld" | "ipo" | "price_discovery" | "imbalance" | "crosses"> {
  const { luld, ipo, priceDiscovery, imbalance } = image;
  return {
    luld: luld && {
      reference_price: priceToDollars(luld.referencePriceE4),
      upper_price: priceToDollars(luld.upperPriceE4),
      lower_price: priceToDollars(luld.lowerPriceE4),
      extension: luld.extension,
    },
    ipo: ipo && {
      release_time_s: ipo.releaseTimeSeconds,
      qualifier: ipo.qualifier,
      price: priceToDollars(ipo.priceE4),
    },
    price_discovery: priceDiscovery && {
      open_eligibility: priceDiscovery.openEligibility,
      minimum_price: priceToDollars(priceDiscovery.minimumPriceE4),
      maximum_price: priceToDollars(priceDiscovery.maximumPriceE4),
      near_execution_price: priceToDollars(priceDiscovery.nearExecutionPriceE4),
      near_execution_time: priceDiscovery.nearExecutionTime.toString(),
      lower_collar_price: priceToDollars(priceDiscovery.lowerCollarPriceE4),
      upper_collar_price: priceToDollars(priceDiscovery.upperCollarPriceE4),
    },
    imbalance: imbalance && {
      ts_event_ns: imbalance.tsEventNs,
      paired_shares: imbalance.pairedShares,
      imbalance_shares: imbalance.imbalanceShares,
      direction: imbalance.direction,
      far_price: priceOrNull(imbalance.farPriceE4),
      near_price: priceOrNull(imbalance.nearPriceE4),
      reference_price: priceOrNull(imbalance.referencePriceE4),
      cross_type: imbalance.crossType,
      price_variation: imbalance.priceVariation,
    },
    crosses: image.crosses.map((cross) => ({
      ts_event_ns: cross.tsEventNs,
      price: priceToDollars(cross.priceE4),
      shares: cross.shares,
      match_number: cross.matchNumber.toString(),
      cross_type: cross.crossType,
    })),
  };
}
