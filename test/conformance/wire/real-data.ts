/** Where real data lies, beside the checkout. Tests that need it are skipped, and say so, when it is not there. */
import { existsSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../../../../shared/data");

/** The folder's path, or undefined (and a word about it) when it is absent. */
export function realData(folder: string): string | undefined {
  const path = join(ROOT, folder);
  if (existsSync(path)) return path;
  console.warn(`skipped: no real data at ${path}`);
  return undefined;
}
