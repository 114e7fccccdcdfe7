/** fast-check's view of the ITCH table: random messages of every type, as objects and as raw bytes. */
import fc from "fast-check";
import {
  type FieldKind,
  type FieldSpec,
  fieldBytes,
  ITCH_HEAD,
  ITCH_TYPES,
  ITCH50,
  type ItchMessage,
  type ItchType,
} from "../../src/wire/itch50.ts";

const PRINTABLE_MIN = 0x20;
const PRINTABLE_MAX = 0x7e;

function fieldArbitrary(spec: FieldSpec): fc.Arbitrary<string | number | bigint> {
  const arbitraries: Record<FieldKind, () => fc.Arbitrary<string | number | bigint>> = {
    u8: () => fc.nat(0xff),
    u16: () => fc.nat(0xffff),
    u32: () => fc.nat(0xffffffff),
    u48: () => fc.nat(2 ** 48 - 1),
    u64: () => fc.bigInt(0n, 2n ** 64n - 1n),
    char: () => fc.nat(0xff).map((code) => String.fromCharCode(code)),
    alpha: () => alphaArbitrary(spec[2] ?? 1),
  };
  return arbitraries[spec[1]]();
}

/** Up to `length` printable characters, spaces inside but not at the end: those are padding. */
export function alphaArbitrary(length: number): fc.Arbitrary<string> {
  return fc
    .array(fc.integer({ min: PRINTABLE_MIN, max: PRINTABLE_MAX }), { maxLength: length })
    .map((codes) => String.fromCharCode(...codes).trimEnd());
}

/** Any message of one type, every field over its whole range. */
export function messageArbitrary(type: ItchType): fc.Arbitrary<ItchMessage> {
  const specs: Record<string, FieldSpec> = { ...ITCH_HEAD, ...ITCH50[type].fields };
  const record = Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, fieldArbitrary(spec)]));
  return fc.record(record).map((fields) => ({ type, ...fields }) as unknown as ItchMessage);
}

/** Any bytes that are a message of one type: random but for the type byte and printable text fields. */
export function messageBytesArbitrary(type: ItchType): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const { bytes, fields } = ITCH50[type] as { bytes: number; fields: Record<string, FieldSpec> };
  return fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((random) => {
    const message = Uint8Array.from(random);
    message[0] = type.charCodeAt(0);
    for (const spec of Object.values(fields)) {
      if (spec[1] !== "alpha") continue;
      for (let i = 0; i < fieldBytes(spec); i++) {
        const at = spec[0] + i;
        message[at] = PRINTABLE_MIN + (message[at]! % (PRINTABLE_MAX - PRINTABLE_MIN + 1));
      }
    }
    return message;
  });
}

/** Raw messages of any types, mixed. */
export const anyMessageBytes: fc.Arbitrary<Uint8Array<ArrayBuffer>> = fc
  .constantFrom(...ITCH_TYPES)
  .chain((type) => messageBytesArbitrary(type));
