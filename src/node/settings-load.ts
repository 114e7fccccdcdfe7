/**
 * Putting the layers together: default, then file, then environment, then flags. Each assignment remembers where it
 * came from, so that every value in force, and every mistake, can be traced to a line, a variable or a flag.
 */
import type { z } from "zod";
import { settingDocs } from "./settings-field.ts";
import { structuredText } from "./settings-kinds.ts";
import type { TomlFile } from "./settings-toml.ts";
import { pathOfVariable, schemaAt, settingKeys, variableOfPath } from "./settings-tree.ts";
import { nearestWord } from "./suggest.ts";

/** A setting given on the command line: `value` is a text as typed, or already of the right type. */
export interface FlagSetting {
  /** `books.shards`. */
  readonly key: string;
  readonly value: unknown;
  /** The flag as the user wrote it, `--shards`. */
  readonly flag: string;
}

/** One thing that is wrong with the settings, in the parts that make its line. */
export interface SettingsProblem {
  /** A file with its line, a variable or a flag. */
  readonly where: string;
  readonly key: string;
  readonly found: string;
  readonly expected: string;
  readonly hint: string;
}

export type OriginSource = "flag" | "environment" | "file" | "default";
export interface Origin {
  readonly source: OriginSource;
  /** `fathom.toml:12`, `FATHOM_BOOKS_SHARDS`, `--shards`; "" for a default. */
  readonly origin: string;
}

interface Assignment extends Origin {
  readonly path: string;
  readonly value: unknown;
}

/** The layers joined, as one tree of raw values. */
export class Layers {
  readonly raw: Record<string, unknown> = {};
  readonly problems: SettingsProblem[] = [];
  readonly #schema: z.ZodType;
  readonly #assignments: Assignment[] = [];
  #file: { path: string; toml: TomlFile } | undefined;

  constructor(schema: z.ZodType) {
    this.#schema = schema;
  }

  addDefault(key: string, value: unknown): void {
    if (this.raw[key] === undefined) this.raw[key] = structuredClone(value);
  }

  addFile(path: string, toml: TomlFile): void {
    this.#file = { path, toml };
    Object.assign(this.raw, structuredClone(toml.values));
  }

  /** Takes the variables that belong to a section of the schema; others that begin with FATHOM_ are not ours. */
  addEnvironment(env: Readonly<Record<string, string | undefined>>): void {
    const sections = Object.keys((this.#schema as z.ZodObject).shape).map((key) => `FATHOM_${key.toUpperCase()}`);
    const names = Object.keys(env).filter((name) => sections.some((section) => name.startsWith(`${section}_`)));
    // Shorter first: a whole channel before one of its keys.
    for (const name of [...names, "FATHOM_CHANNELS"].sort((a, b) => a.length - b.length || (a < b ? -1 : 1))) {
      const given = env[name];
      if (given === undefined) continue;
      const path = pathOfVariable(this.#schema, name.slice("FATHOM_".length));
      if (path !== undefined) this.#assign(path, given, { source: "environment", origin: name });
      else this.#unknown(`env ${name}`, name, "a variable of a known key", this.#variableNames());
    }
  }

  addFlags(flags: readonly FlagSetting[]): void {
    for (const { key, value, flag } of flags) {
      const origin: Origin = { source: "flag", origin: flag };
      if (schemaAt(this.#schema, key) !== undefined) this.#assign(key, value, origin);
      else this.#unknown(`flag ${flag}`, key, "a known key", this.#keyNames());
    }
  }

  /** Where the value at `path` came from. */
  origin(path: string): Origin {
    const assignment = this.#assignments.findLast((past) => isWithin(path, past.path));
    if (assignment) {
      // A whole channel that was assigned may leave keys out, and what the file said of them is gone with it.
      const given = valueAt(assignment.value, path.slice(assignment.path.length + 1)) !== undefined;
      return given ? { source: assignment.source, origin: assignment.origin } : { source: "default", origin: "" };
    }
    const line = this.#fileLine(path);
    return line === undefined ? { source: "default", origin: "" } : { source: "file", origin: line };
  }

  /** Where somebody has to look who is to mend `path`, which may be a key that is missing. */
  where(path: string): string {
    for (let here = path; here !== ""; here = parentOf(here)) {
      const assignment =
        this.#assignments.findLast((past) => isWithin(here, past.path)) ??
        this.#assignments.find((past) => isWithin(past.path, here));
      if (assignment) return `${assignment.source === "flag" ? "flag" : "env"} ${assignment.origin}`;
      const line = this.#file?.toml.lines.get(here);
      if (line !== undefined) return `${this.#file!.path}:${line}`;
    }
    return this.#file?.path ?? "settings";
  }

  problem(key: string, found: string, expected: string, hint: string, where = this.where(key)): void {
    this.problems.push({ where, key, found, expected, hint });
  }

  /** `file:line` of the nearest key that the file has, when the file gives `path` at all. */
  #fileLine(path: string): string | undefined {
    if (this.#file === undefined || valueAt(this.#file.toml.values, path) === undefined) return undefined;
    for (let here = path; here !== ""; here = parentOf(here)) {
      const line = this.#file.toml.lines.get(here);
      if (line !== undefined) return `${this.#file.path}:${line}`;
    }
    return this.#file.path;
  }

  #assign(path: string, given: unknown, origin: Origin): void {
    const schema = schemaAt(this.#schema, path)!;
    const kind = settingDocs.get(schema)?.kind;
    const value = typeof given !== "string" ? given : kind ? kind.fromText(given) : structuredText(given);
    if (setAt(this.raw, path, value)) this.#assignments.push({ path, value, ...origin });
    else {
      const where = `${origin.source === "flag" ? "flag" : "env"} ${origin.origin}`;
      this.problem(path, "an index past the end", "an index of an array that is there, or the next one", "", where);
    }
  }

  #unknown(where: string, key: string, expected: string, known: string[]): void {
    const near = nearestWord(key, known);
    const hint = near === undefined ? "`fathom check --keys` lists them all" : `did you mean ${near}?`;
    this.problem(key, "an unknown key", expected, hint, where);
  }

  #keyNames(): string[] {
    return settingKeys(this.#schema).map((key) => key.path.replaceAll(".N", ".0"));
  }

  #variableNames(): string[] {
    return this.#keyNames().map(variableOfPath);
  }
}

/** Whether `path` is `ancestor` or lies under it. */
function isWithin(path: string, ancestor: string): boolean {
  return path === ancestor || path.startsWith(`${ancestor}.`);
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf(".")));
}

/** The raw value at a dotted path. */
export function valueAt(tree: unknown, path: string): unknown {
  let here = tree;
  for (const segment of path === "" ? [] : path.split(".")) {
    if (typeof here !== "object" || here === null) return undefined;
    here = Object.hasOwn(here, segment) ? (here as Record<string, unknown>)[segment] : undefined;
  }
  return here;
}

/** Puts a value at a dotted path, making tables and arrays on the way. False when an array index leaves a hole. */
function setAt(tree: Record<string, unknown>, path: string, value: unknown): boolean {
  const segments = path.split(".");
  let here = tree as Record<string, unknown> | unknown[];
  for (const [i, segment] of segments.entries()) {
    if (Array.isArray(here) && Number(segment) > here.length) return false;
    const table = here as Record<string, unknown>;
    if (i === segments.length - 1) {
      table[segment] = value;
      return true;
    }
    const next = table[segment];
    if (typeof next !== "object" || next === null) table[segment] = /^\d+$/.test(segments[i + 1]!) ? [] : {};
    here = table[segment] as Record<string, unknown>;
  }
  return true;
}
