/**
 * The settings in force: flag before environment before file before default. The only place in fathom that knows of
 * configuration files; every room below takes plain typed options.
 */
import { hostname } from "node:os";
import type { z } from "zod";
import { ExitStatus, FathomError } from "../core/assert.ts";
import { fileExists, readTextFile } from "../io/text-file.ts";
import { checkSettings } from "./settings-checks.ts";
import { type FlagSetting, Layers, type Origin, type SettingsProblem, valueAt } from "./settings-load.ts";
import {
  DEFAULT_CHANNEL,
  type FileSchema,
  makeFileSchema,
  normalise,
  type Places,
  type Settings,
} from "./settings-schema.ts";
import { parseToml } from "./settings-toml.ts";
import { keysAt, settingValues } from "./settings-tree.ts";
import { nearestWord } from "./suggest.ts";

export type { FlagSetting, Origin, SettingsProblem } from "./settings-load.ts";
export type {
  AdminSettings,
  BooksSettings,
  ChannelSettings,
  ClockSettings,
  DegradationSettings,
  LineSettings,
  NodeSettings,
  RuntimeSettings,
  Settings,
} from "./settings-schema.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** One value in force, for people: `fathom check --resolved` and the admin API's config. Secrets are already out. */
export interface ResolvedSetting extends Origin {
  readonly key: string;
  /** As it would be written in the file; `null` for a table with nothing in it. */
  readonly value: string | number | boolean | null | readonly (string | number | boolean)[];
}

export interface ResolvedSettings {
  readonly settings: Settings;
  /** By dotted key: `default`, `file fathom.toml:12`, `env FATHOM_BOOKS_SHARDS`, `flag --shards`. */
  readonly origins: Map<string, string>;
  readonly entries: readonly ResolvedSetting[];
  /** The file that was read; `undefined` when there was none. */
  readonly file: string | undefined;
}

/** Every problem of the settings, a line each in the message. */
export class SettingsError extends FathomError {
  readonly problems: readonly SettingsProblem[];

  constructor(problems: readonly SettingsProblem[]) {
    super("bad-config", problems.map(problemText).join("\n"), {
      exitStatus: ExitStatus.badConfig,
      hint: "`fathom check --keys` says what every key takes",
    });
    this.problems = problems;
  }
}

/** `fathom.toml:3: books.shards: found "many", expected …; what to do`. */
export function problemText({ where, key, found, expected, hint }: SettingsProblem): string {
  return `${where}: ${key}: found ${found}, expected ${expected}${hint === "" ? "" : `; ${hint}`}`;
}

/**
 * Reads, joins, checks and normalises the settings. Throws `bad-config` (exit status 78) when the file cannot be
 * read or is not TOML, and `SettingsError` with all that is wrong otherwise.
 */
export function resolveSettings(request: {
  /** Path of a configuration file that must be there; `null`: none, wherever one may lie. */
  file?: string | null | undefined;
  env: Environment;
  flags?: readonly FlagSetting[];
}): ResolvedSettings {
  const layers = new Layers(settingsSchema(request.env));
  const file = request.file === null ? undefined : (request.file ?? findSettingsFile(request.env));
  if (file !== undefined) layers.addFile(file, parseToml(readSettingsFile(file), file));
  layers.addDefault("channels", [DEFAULT_CHANNEL]);
  layers.addEnvironment(request.env);
  layers.addFlags(request.flags ?? []);

  // What is kept under state_dir by default follows it.
  const schema = settingsSchema(request.env, valueAt(layers.raw, "node.state_dir"));
  const parsed = schema.safeParse(layers.raw);
  if (!parsed.success) for (const issue of parsed.error.issues) reportIssue(issue, schema, layers);
  if (!parsed.success || layers.problems.length > 0) throw new SettingsError(layers.problems);
  const settings = normalise(parsed.data);
  checkSettings(settings, (key, found, expected, hint) => layers.problem(key, found, expected, hint));
  if (layers.problems.length > 0) throw new SettingsError(layers.problems);

  const entries = resolvedEntries(schema, layers);
  const origins = new Map(entries.map((entry) => [entry.key, originText(entry)]));
  return { settings, origins, entries, file };
}

/** The schema with the defaults of this machine and user, and of the `node.state_dir` that was set, if one was. */
export function settingsSchema(env: Environment, stateDir?: unknown): FileSchema {
  const given = typeof stateDir === "string" && stateDir.startsWith("/") ? stateDir : undefined;
  return makeFileSchema(placesOf(env, process.getuid?.() === 0, given));
}

/** `default`, `file fathom.toml:12`, `env FATHOM_BOOKS_SHARDS`, `flag --shards`. */
export function originText({ source, origin }: Origin): string {
  if (source === "default") return source;
  return `${source === "environment" ? "env" : source} ${origin}`;
}

/** The settings file that is used when none is named: FATHOM_CONFIG, then the usual places; none is fine too. */
function findSettingsFile(env: Environment): string | undefined {
  if (env["FATHOM_CONFIG"]) return env["FATHOM_CONFIG"];
  return ["config/fathom.toml", "/etc/fathom/fathom.toml"].find(fileExists);
}

function readSettingsFile(path: string): string {
  try {
    return readTextFile(path);
  } catch (error) {
    throw new FathomError("bad-config", (error as Error).message, {
      exitStatus: ExitStatus.badConfig,
      hint: "name another file with --config, or leave it out for the defaults",
      cause: error,
    });
  }
}

/** Where things go by default: the system's places for root, the user's own for everybody else. */
export function placesOf(env: Environment, isRoot: boolean, stateDirGiven?: string): Places {
  const firstLabel = hostname().split(".")[0]!;
  const hostName = firstLabel.replace(/[^A-Za-z0-9_-]/g, "-").replace(/^[-_]+/, "");
  const userDir = `${env["XDG_STATE_HOME"] || `${env["HOME"] || "/tmp"}/.local/state`}/fathom`;
  const stateDir = isRoot ? "/var/lib/fathom" : userDir;
  const keptIn = stateDirGiven ?? stateDir;
  const runtimeDir = env["XDG_RUNTIME_DIR"];
  const socketDir = isRoot ? "/run/fathom" : runtimeDir ? `${runtimeDir}/fathom` : keptIn;
  return {
    hostName: hostName.slice(0, 32) || "fathom",
    stateDir,
    tokenFile: `${keptIn}/tokens`,
    adminSocket: `${socketDir}/admin.sock`,
  };
}

function resolvedEntries(schema: z.ZodType, layers: Layers): ResolvedSetting[] {
  return settingValues(schema, layers.raw).flatMap(({ path, raw, secret }) => {
    const origin = layers.origin(path);
    if (secret) return [{ key: path, value: "(hidden)", ...origin }];
    if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
      return [{ key: path, value: raw as ResolvedSetting["value"], ...origin }];
    }
    // A free table (books.table) is shown entry by entry.
    if (Object.keys(raw).length === 0) return [{ key: path, value: null, ...origin }];
    return Object.entries(raw).map(([name, value]) => ({
      key: `${path}.${name}`,
      value,
      // A dotted name (BRK.A) cannot be looked up by itself; the table's place is near enough.
      ...(name.includes(".") ? origin : layers.origin(`${path}.${name}`)),
    }));
  });
}

/** One of zod's issues as a problem with a place, a key, what was found and what was expected. */
function reportIssue(issue: z.core.$ZodIssue, schema: z.ZodType, layers: Layers): void {
  const path = issue.path.map(String).join(".");
  const raw = valueAt(layers.raw, path);
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(schema, path);
    for (const key of issue.keys) {
      const near = nearestWord(key, known);
      const hint = near === undefined ? `known here: ${known.join(", ")}` : `did you mean ${near}?`;
      layers.problem(path === "" ? key : `${path}.${key}`, "an unknown key", "a known one", hint);
    }
  } else if (issue.code === "custom") {
    layers.problem(path, found(raw, path), issue.message, raw === undefined ? "this key has no default" : "");
  } else if (issue.code === "too_small" || issue.code === "too_big") {
    const count = Array.isArray(raw) ? raw.length : 0;
    const limit = issue.code === "too_small" ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
    layers.problem(path, `${count} of them`, `${limit}`, "");
  } else {
    const isArray = issue.code === "invalid_type" && issue.expected === "array";
    const header = path.replace(/\.\d+/g, "");
    const expected = isArray ? `an array of tables, [[${header}]]` : `a table, [${header}]`;
    layers.problem(path, found(raw, path), expected, "");
  }
}

/** What was found, short enough for a line, and nothing of a password. */
function found(raw: unknown, path: string): string {
  if (raw === undefined) return "nothing";
  if (path.endsWith(".password")) return "something else";
  const shown = JSON.stringify(raw, (_, value) => (typeof value === "bigint" ? `${value}` : value)) ?? String(raw);
  return shown.length > 80 ? `${shown.slice(0, 79)}…` : shown;
}
