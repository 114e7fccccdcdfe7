/** Directory, states, auctions and the feed as a whole, held against every engine. */
import { describe, expect, test } from "bun:test";
import { ApplyStatus, type BookEngine } from "../../../src/books/contract.ts";
import { ITCH_TYPES } from "../../../src/wire/itch50.ts";
import { apply, applyAll, directory, ENGINES, everything, itch } from "../../support/books.ts";

const FULL = {
  stock: "AAPL",
  marketCategory: "Q",
  financialStatus: "N",
  roundLotSize: 4_000_000_000,
  roundLotsOnly: "Y",
  issueClassification: "C",
  issueSubType: "Z",
  authenticity: "P",
  shortSaleThreshold: "N",
  ipoFlag: "Z",
  luldReferencePriceTier: "1",
  etpFlag: "Y",
  etpLeverageFactor: 3,
  inverseIndicator: "Y",
};

function open(make: () => BookEngine, ...messages: Uint8Array[]): BookEngine {
  const engine = make();
  applyAll(engine, itch("R", 1, FULL), ...messages);
  return engine;
}
const instrument = (engine: BookEngine) => engine.book(1)!.instrument;

describe.each(ENGINES)("reference data: %s", (_name, make) => {
  test("a directory message is all there; what was never said is blank", () => {
    const { stock, luldReferencePriceTier, ...rest } = FULL;
    expect(instrument(open(make))).toMatchObject({
      ...rest,
      locate: 1,
      symbol: stock,
      luldTier: luldReferencePriceTier,
      tradingState: "",
      tradingReason: "",
      regShoAction: "",
      operationalHalts: "",
      retailInterest: "",
      luld: null,
      ipo: null,
      priceDiscovery: null,
      imbalance: null,
      crosses: [],
    });
  });

  test("instruments are listed by locate, locate 65535 included, and 0 if the feed gives it", () => {
    const engine = make();
    applyAll(engine, directory(65_535, "Z"), directory(3, "B"), directory(0, "A"));
    expect(engine.locates()).toEqual([0, 3, 65_535]);
    expect(engine.instrumentCount()).toBe(3);
    expect([0, 3, 65_535, 4].map((locate) => engine.symbolOf(locate))).toEqual(["A", "B", "Z", ""]);
  });

  test("a directory message sent again updates, and leaves the rest as it was", () => {
    const engine = open(make, itch("A", 1, { orderReference: 1n, side: "B", shares: 5, priceE4: 7 }));
    applyAll(engine, itch("H", 1, { tradingState: "T" }), itch("R", 1, { ...FULL, financialStatus: "D" }));
    expect(instrument(engine)).toMatchObject({ financialStatus: "D", tradingState: "T", orderCount: 1 });
  });

  test("trading action, Reg SHO and retail interest: the last one counts", () => {
    const engine = open(
      make,
      itch("H", 1, { tradingState: "H", reason: "T1" }),
      itch("Y", 1, { regShoAction: "1" }),
      itch("N", 1, { interestFlag: "A" }),
    );
    const first = { tradingState: "H", tradingReason: "T1", regShoAction: "1", retailInterest: "A" };
    expect(instrument(engine)).toMatchObject(first);
    applyAll(engine, itch("H", 1, { tradingState: "T" }));
    expect(instrument(engine)).toMatchObject({ ...first, tradingState: "T", tradingReason: "" });
  });

  test("operational halts are in force a market at a time", () => {
    const halt = (marketCode: string, haltAction: string) => itch("h", 1, { marketCode, haltAction });
    const engine = open(make, halt("X", "H"), halt("B", "H"), halt("X", "H"), halt("Q", "T"), halt("Q", "?"));
    expect(instrument(engine).operationalHalts).toBe("BX");
    applyAll(engine, halt("X", "T"));
    expect(instrument(engine).operationalHalts).toBe("B");
  });

  test("LULD collar, IPO, price discovery and imbalance with every field", () => {
    const discovery = {
      openEligibility: "Y",
      minimumPriceE4: 1,
      maximumPriceE4: 0xffffffff,
      nearExecutionPriceE4: 3,
      nearExecutionTime: 2n ** 64n - 1n,
      lowerCollarPriceE4: 5,
      upperCollarPriceE4: 6,
    };
    const engine = open(
      make,
      itch("J", 1, { referencePriceE4: 10, upperPriceE4: 0x90000000, lowerPriceE4: 9, extension: 2 }),
      itch("K", 1, { releaseTimeSeconds: 34_200, releaseQualifier: "A", ipoPriceE4: 250_000 }),
      itch("O", 1, discovery),
      itch("I", 1, {
        timestampNs: 2 ** 48 - 1,
        pairedShares: 2n ** 40n,
        imbalanceShares: 7n,
        imbalanceDirection: "S",
        farPriceE4: 1,
        nearPriceE4: 2,
        currentReferencePriceE4: 3,
        crossType: "O",
        priceVariation: "L",
      }),
    );
    expect(instrument(engine)).toMatchObject({
      luld: { referencePriceE4: 10, upperPriceE4: 0x90000000, lowerPriceE4: 9, extension: 2 },
      ipo: { releaseTimeSeconds: 34_200, qualifier: "A", priceE4: 250_000 },
      priceDiscovery: discovery,
      imbalance: {
        tsEventNs: 2 ** 48 - 1,
        pairedShares: 2 ** 40,
        imbalanceShares: 7,
        direction: "S",
        farPriceE4: 1,
        nearPriceE4: 2,
        referencePriceE4: 3,
        crossType: "O",
        priceVariation: "L",
      },
    });
  });

  test("what is about the whole feed needs no locate", () => {
    const engine = make();
    applyAll(
      engine,
      itch("S", 0, { eventCode: "O", timestampNs: 5 }),
      itch("V", 0, { level1PriceE8: 1n, level2PriceE8: 2n ** 63n, level3PriceE8: 3n }),
      itch("W", 0, { breachedLevel: "2", timestampNs: 9 }),
    );
    expect(engine.feed()).toEqual({
      systemEvent: "O",
      mwcb: { level1PriceE8: 1n, level2PriceE8: 2n ** 63n, level3PriceE8: 3n },
      mwcbBreached: "2",
      tsEventNs: 9,
    });
    applyAll(engine, directory(1, "AAPL"), itch("S", 1, { eventCode: "Q" }));
    expect(engine.feed().systemEvent).toBe("Q");
  });

  test("participants' positions are accepted and not kept", () => {
    const engine = open(make);
    const before = everything(engine);
    applyAll(engine, itch("L", 1, { mpid: "ABCD", marketMakerMode: "N" }));
    expect(everything(engine)).toEqual(before);
  });

  test("unknown codes are passed through, never refused", () => {
    const engine = open(make, itch("H", 1, { tradingState: "?", reason: "****" }), itch("Y", 1, { regShoAction: "é" }));
    expect(instrument(engine)).toMatchObject({ tradingState: "?", tradingReason: "****", regShoAction: "é" });
  });

  test("all types of the specification are known", () => {
    const engine = open(make);
    for (const type of ITCH_TYPES) {
      const status = apply(engine, itch(type, 1));
      expect([ApplyStatus.unknownType, ApplyStatus.wrongLength, ApplyStatus.unknownLocate]).not.toContain(status as 2);
    }
  });
});

describe("hashes", () => {
  test("every engine gives the same, and each field of state and session counts", () => {
    const messages: [Uint8Array, changes: "state" | "session"][] = [
      [itch("R", 1, { ...FULL, inverseIndicator: "N" }), "state"],
      [itch("H", 1, { tradingState: "T" }), "state"],
      [itch("H", 1, { tradingState: "T", reason: "LUDP" }), "state"],
      [itch("Y", 1, { regShoAction: "2" }), "state"],
      [itch("h", 1, { marketCode: "Q", haltAction: "H" }), "state"],
      [itch("A", 1, { orderReference: 1n, side: "B", shares: 10, priceE4: 5 }), "state"],
      [itch("A", 1, { orderReference: 2n, side: "B", shares: 10, priceE4: 5 }), "state"],
      [itch("X", 1, { orderReference: 1n, canceledShares: 1 }), "state"],
      [itch("U", 1, { originalOrderReference: 1n, newOrderReference: 2n ** 63n, shares: 9, priceE4: 5 }), "state"],
      [itch("N", 1, { interestFlag: "B" }), "session"],
      [itch("J", 1, { extension: 1 }), "session"],
      [itch("K", 1, { ipoPriceE4: 1 }), "session"],
      [itch("O", 1, { upperCollarPriceE4: 1 }), "session"],
      [itch("I", 1, { farPriceE4: 1 }), "session"],
      [itch("Q", 1, { crossType: "O" }), "session"],
      [itch("P", 1, { shares: 10, priceE4: 5, matchNumber: 4n }), "session"],
      [itch("B", 1, { matchNumber: 4n }), "session"],
      [itch("D", 1, { orderReference: 77n }), "session"],
    ];
    const engines = ENGINES.map(([, make]) => open(make));
    let before = everything(engines[0]!).hashes[0]!;
    for (const [message, changes] of messages) {
      for (const engine of engines) apply(engine, message);
      const [first, ...others] = engines.map((engine) => everything(engine).hashes[0]!);
      for (const other of others) expect(other).toEqual(first!);
      expect([first!.state !== before.state, first!.session !== before.session]).toEqual([
        changes === "state",
        changes === "session",
      ]);
      before = first!;
    }
  });

  test("attribution is of the session, not of the state", () => {
    const fields = { orderReference: 1n, side: "S", shares: 10, priceE4: 5 };
    const hashes = (["A", "F"] as const).map((type) =>
      ENGINES.map(
        ([, make]) =>
          everything(open(make, itch(type, 1, { ...fields, ...(type === "F" && { attribution: "NSDQ" }) }))).hashes[0]!,
      ),
    );
    expect(new Set(hashes.flat().map((hash) => hash.state)).size).toBe(1);
    expect(hashes.map((row) => new Set(row.map((hash) => hash.session)).size)).toEqual([1, 1]);
    expect(hashes[0]![0]!.session).not.toBe(hashes[1]![0]!.session);
  });
});
