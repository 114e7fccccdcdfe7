/** The flags that every command with settings has, and the settings that come of them. */
import type { Command } from "commander";
import { type FlagSetting, type ResolvedSettings, resolveSettings } from "../node/settings.ts";
import { keyValue } from "./options.ts";

export interface SettingsOptions {
  config?: string;
  set?: FlagSetting[];
}

/** Adds `--config FILE` and `--set KEY=VALUE`. */
export function addSettingsOptions(command: Command): Command {
  return command
    .option(
      "-c, --config <file>",
      "settings file (default: $FATHOM_CONFIG, config/fathom.toml, /etc/fathom/fathom.toml)",
    )
    .option("--set <key=value>", "one setting, such as books.shards=2; may be repeated", keyValue);
}

/**
 * The settings in force for these flags. `flags`: settings that the command has flags of its own for; `--set` wins.
 * Throws what `resolveSettings` throws: `bad-config`, exit status 78.
 */
export function settingsFrom(options: SettingsOptions, flags: readonly FlagSetting[] = []): ResolvedSettings {
  return resolveSettings({ file: options.config, env: process.env, flags: [...flags, ...(options.set ?? [])] });
}
