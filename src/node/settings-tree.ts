/**
 * Walks over the schema of the settings: every key for the documentation, the key that an environment variable means,
 * and every value of a configuration with its path. Paths are dotted, arrays by index: `channels.0.lines.1.group`.
 */
import { z } from "zod";
import { type SettingDoc, settingDocs } from "./settings-field.ts";

/** A key of the schema. Array indices are `N`. */
export interface SettingKey extends SettingDoc {
  readonly path: string;
}

/** Every key there is, in the order of the schema. */
export function settingKeys(schema: z.ZodType, path = ""): SettingKey[] {
  const doc = settingDocs.get(schema);
  if (doc) return [{ path, ...doc }];
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray) return settingKeys(inner.element as z.ZodType, `${path}.N`);
  return children(inner).flatMap(([key, child]) => settingKeys(child, join(path, key)));
}

/** A value of a configuration. `raw` as it would be written, the default where nothing is. */
export interface SettingValue extends SettingDoc {
  readonly path: string;
  readonly raw: unknown;
  readonly given: boolean;
}

/** Every value of `raw`, and the defaults of the keys that it leaves out; of optional ones nothing. */
export function settingValues(schema: z.ZodType, raw: unknown, path = ""): SettingValue[] {
  const doc = settingDocs.get(schema);
  if (doc) {
    if (raw === undefined && doc.fallback === undefined) return [];
    return [{ path, ...doc, raw: raw ?? doc.fallback, given: raw !== undefined }];
  }
  if (raw === undefined && schema instanceof z.ZodOptional) return [];
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray) {
    const elements = Array.isArray(raw) ? raw : [];
    return elements.flatMap((element, i) => settingValues(inner.element as z.ZodType, element, `${path}.${i}`));
  }
  const table = (raw ?? {}) as Record<string, unknown>;
  return children(inner).flatMap(([key, child]) => settingValues(child, table[key], join(path, key)));
}

/** What a dotted path leads to: a setting, a table or an array of tables; `undefined` when there is no such key. */
export function schemaAt(schema: z.ZodType, path: string): z.ZodType | undefined {
  let here: z.ZodType | undefined = schema;
  for (const segment of path.split(".")) {
    if (here === undefined || settingDocs.has(here)) return undefined;
    const inner = unwrap(here);
    if (inner instanceof z.ZodArray) here = /^\d+$/.test(segment) ? (inner.element as z.ZodType) : undefined;
    else here = children(inner).find(([key]) => key === segment)?.[1];
  }
  return here;
}

/** `CHANNELS_0_LINES_1_GROUP` → `channels.0.lines.1.group`; `undefined` when no key is called so. */
export function pathOfVariable(schema: z.ZodType, name: string): string | undefined {
  if (settingDocs.has(schema)) return undefined;
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray) {
    const match = /^(\d+)(?:_(.+))?$/.exec(name);
    if (!match) return undefined;
    if (match[2] === undefined) return match[1];
    const rest = pathOfVariable(inner.element as z.ZodType, match[2]);
    return rest === undefined ? undefined : `${match[1]}.${rest}`;
  }
  for (const [key, child] of children(inner)) {
    const upper = key.toUpperCase();
    if (name === upper) return key;
    const rest = name.startsWith(`${upper}_`) ? pathOfVariable(child, name.slice(upper.length + 1)) : undefined;
    if (rest !== undefined) return `${key}.${rest}`;
  }
  return undefined;
}

/** `channels.0.name` → `FATHOM_CHANNELS_0_NAME`. */
export function variableOfPath(path: string): string {
  return `FATHOM_${path.replaceAll(".", "_").toUpperCase()}`;
}

/** The keys of the table at `path`, for "expected one of". */
export function keysAt(schema: z.ZodType, path: string): string[] {
  const table = path === "" ? schema : schemaAt(schema, path);
  return table === undefined || settingDocs.has(table) ? [] : children(unwrap(table)).map(([key]) => key);
}

function children(schema: z.ZodType): [string, z.ZodType][] {
  return schema instanceof z.ZodObject ? Object.entries(schema.shape as Record<string, z.ZodType>) : [];
}

function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) return unwrap(schema.unwrap() as z.ZodType);
  return schema;
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
