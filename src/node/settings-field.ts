/**
 * How a key of the schema is written down: its kind, its default and its meaning in one place, kept where the
 * documentation, the environment and `fathom check` find them.
 */
import { z } from "zod";
import type { Kind } from "./settings-kinds.ts";

/** What is known of a key besides its kind. */
export interface SettingDoc {
  readonly kind: Kind<unknown>;
  readonly meaning: string;
  /** As one would write it in the file; `undefined` when the key must be given, or may be left out. */
  readonly fallback?: unknown;
  readonly optional?: boolean;
  readonly secret?: boolean;
}

/** Which schema is a setting, and its documentation; everything else in the tree is a table or an array of tables. */
export const settingDocs = new WeakMap<z.ZodType, SettingDoc>();

function read<T>(kind: Kind<T>, meaning: string) {
  return z
    .unknown()
    .transform((raw, context): T => {
      const value = kind.read(raw);
      if (value !== undefined) return value;
      context.addIssue({ code: "custom", message: kind.expected, input: raw });
      return z.NEVER;
    })
    .describe(meaning);
}

/** A key with a default, written as in the file. */
export function setting<T>(kind: Kind<T>, fallback: string | number | boolean | object, meaning: string) {
  const schema = read(kind, meaning).prefault(fallback);
  settingDocs.set(schema, { kind, meaning, fallback });
  return schema;
}

/** A key that must be given. */
export function required<T>(kind: Kind<T>, meaning: string) {
  const schema = read(kind, meaning);
  settingDocs.set(schema, { kind, meaning });
  return schema;
}

/** A key that may be left out, and then means nothing. */
export function optional<T>(kind: Kind<T>, meaning: string) {
  const schema = read(kind, meaning).optional();
  settingDocs.set(schema, { kind, meaning, optional: true });
  return schema;
}

/** As `required`, and never shown. */
export function secret<T>(kind: Kind<T>, meaning: string) {
  const schema = read(kind, meaning);
  settingDocs.set(schema, { kind, meaning, secret: true });
  return schema;
}
