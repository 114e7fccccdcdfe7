/** config/fathom.toml is the documentation that people copy: it must know every key, and say what is true. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { resolveSettings, settingsSchema } from "../../../src/node/settings.ts";
import { settingKeys } from "../../../src/node/settings-tree.ts";

const SAMPLE = join(import.meta.dir, "../../../config/fathom.toml");

test("every key there is stands in the sample, in force or commented out", () => {
  const text = readFileSync(SAMPLE, "utf8");
  const written = new Set([...text.matchAll(/^(?:# )?([a-z_]+) = /gm)].map((match) => match[1]));
  for (const { path } of settingKeys(settingsSchema({}))) expect(written).toContain(path.split(".").at(-1)!);
});

test("what the sample says is what would be in force without it", () => {
  const sample = resolveSettings({ file: SAMPLE, env: {} });
  const bare = resolveSettings({ file: "/dev/null", env: {} });
  expect(sample.settings).toEqual(bare.settings);
});

test("every key has a meaning and says what it takes", () => {
  for (const key of settingKeys(settingsSchema({}))) {
    expect(key.meaning).toEndWith(".");
    expect(key.kind.expected.length).toBeGreaterThan(5);
  }
});
