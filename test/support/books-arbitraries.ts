/**
 * Arbitrary tapes for the books: few instruments, few references and few prices, so that good and bad messages come up
 * equally often, with the ends of every range among them. References collide across instruments on purpose.
 */
import fc from "fast-check";
import { directory, itch } from "./books.ts";

const LOCATES = [1, 2, 3, 65_535];
export const SYMBOLS = ["AAPL", "MSFT", "ZBAA", "GOOG"];

const locate = fc.constantFrom(...LOCATES);
const reference = fc.oneof(
  { weight: 6, arbitrary: fc.bigInt({ min: 0n, max: 12n }) },
  { weight: 2, arbitrary: fc.bigInt({ min: 0n, max: 6n }).map((n) => n * 1_000_003n) },
  fc.constantFrom(2n ** 32n - 1n, 2n ** 32n, 2n ** 34n - 1n, 2n ** 34n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n),
);
const shares = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 5 }) },
  fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff),
);
const priceE4 = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 100, max: 140 }) },
  fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff),
);
const side = fc.constantFrom("B", "S", "B", "S", "B", "S", "B", "S", "X");
const match = fc.oneof(fc.bigInt({ min: 0n, max: 5n }), fc.constantFrom(2n ** 53n + 1n, 2n ** 64n - 1n));
const timestampNs = fc.integer({ min: 0, max: 86_400_000_000_000 });
const letter = fc.constantFrom("", "A", "B", "H", "T", "Q", "N", "Y", "?");
const u32 = fc.integer({ min: 0, max: 0xffffffff });

const orders = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(locate, reference, side, shares, priceE4, timestampNs)
      .map(([l, orderReference, s, n, p, t]) =>
        itch("A", l, { orderReference, side: s, shares: n, priceE4: p, timestampNs: t }),
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(locate, reference, side, shares, priceE4, fc.constantFrom("NSDQ", "AB", ""))
      .map(([l, orderReference, s, n, p, attribution]) =>
        itch("F", l, { orderReference, side: s, shares: n, priceE4: p, attribution }),
      ),
  },
  { weight: 3, arbitrary: fc.tuple(locate, reference).map(([l, orderReference]) => itch("D", l, { orderReference })) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(locate, reference, shares)
      .map(([l, orderReference, canceledShares]) => itch("X", l, { orderReference, canceledShares })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(locate, reference, shares, match, timestampNs)
      .map(([l, orderReference, executedShares, matchNumber, t]) =>
        itch("E", l, { orderReference, executedShares, matchNumber, timestampNs: t }),
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(locate, reference, shares, match, fc.constantFrom("Y", "N", "?"), priceE4)
      .map(([l, orderReference, executedShares, matchNumber, printable, executionPriceE4]) =>
        itch("C", l, { orderReference, executedShares, matchNumber, printable, executionPriceE4 }),
      ),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(locate, reference, reference, shares, priceE4)
      .map(([l, originalOrderReference, newOrderReference, n, p]) =>
        itch("U", l, { originalOrderReference, newOrderReference, shares: n, priceE4: p }),
      ),
  },
);

const trades = fc.oneof(
  fc
    .tuple(locate, shares, priceE4, match, timestampNs)
    .map(([l, n, p, matchNumber, t]) =>
      itch("P", l, { side: "B", shares: n, priceE4: p, matchNumber, timestampNs: t }),
    ),
  fc
    .tuple(locate, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), priceE4, match, letter)
    .map(([l, n, crossPriceE4, matchNumber, crossType]) =>
      itch("Q", l, { shares: n, crossPriceE4, matchNumber, crossType }),
    ),
  fc.tuple(locate, match).map(([l, matchNumber]) => itch("B", l, { matchNumber })),
);

const referenceData = fc.oneof(
  fc
    .tuple(fc.constantFrom(...LOCATES, 9), fc.constantFrom(...SYMBOLS), letter, u32)
    .map(([l, stock, financialStatus, roundLotSize]) => directory(l, stock, { financialStatus, roundLotSize })),
  fc.tuple(locate, letter, letter).map(([l, tradingState, reason]) => itch("H", l, { tradingState, reason })),
  fc.tuple(locate, letter).map(([l, regShoAction]) => itch("Y", l, { regShoAction })),
  fc.tuple(locate, letter, letter).map(([l, marketCode, haltAction]) => itch("h", l, { marketCode, haltAction })),
  fc.tuple(locate, letter).map(([l, interestFlag]) => itch("N", l, { interestFlag })),
  fc.tuple(locate, u32, u32).map(([l, upperPriceE4, extension]) => itch("J", l, { upperPriceE4, extension })),
  fc
    .tuple(locate, u32, letter)
    .map(([l, ipoPriceE4, releaseQualifier]) => itch("K", l, { ipoPriceE4, releaseQualifier })),
  fc.tuple(locate, u32, letter).map(([l, farPriceE4, crossType]) => itch("I", l, { farPriceE4, crossType })),
  fc.tuple(locate, u32).map(([l, upperCollarPriceE4]) => itch("O", l, { upperCollarPriceE4 })),
  locate.map((l) => itch("L", l, { mpid: "ABCD" })),
  letter.map((eventCode) => itch("S", 0, { eventCode })),
  fc.tuple(fc.constantFrom(0, 1), letter).map(([l, breachedLevel]) => itch("W", l, { breachedLevel })),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((level1PriceE8) => itch("V", 0, { level1PriceE8 })),
);

/** Cut short, made longer, or of a type that does not exist. */
const mangled = fc.oneof(
  fc.tuple(orders, fc.nat(40)).map(([message, length]) => message.slice(0, Math.min(length, message.length - 1))),
  orders.map((message) => new Uint8Array([...message, 0])),
  fc.uint8Array({ maxLength: 50 }).map((bytes) => (bytes.length > 0 ? new Uint8Array([0x7a, ...bytes]) : bytes)),
);

/** One message, as likely bad as good. */
export const anyMessage = fc.oneof(
  { weight: 30, arbitrary: orders },
  { weight: 5, arbitrary: trades },
  { weight: 3, arbitrary: referenceData },
  { weight: 1, arbitrary: mangled },
);

/** The instruments that most tapes begin with; the last locate is left to be announced, or not, on the way. */
export const OPENING = LOCATES.slice(0, 3).map((l, i) => directory(l, SYMBOLS[i]!));
