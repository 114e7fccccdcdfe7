/** `fathom version`: what this build is. */
import type { Command } from "commander";
import { BUILD, versionText } from "../node/version.ts";
import { printJson, printLine } from "./output.ts";

export function registerVersion(program: Command): void {
  program
    .command("version")
    .summary("say which build this is")
    .description("Prints the version, the git commit, the target and the runtime that this binary was built with.")
    .option("--json", "one JSON object")
    .action((options: { json?: boolean }) => {
      if (options.json) printJson({ ...BUILD, bun: Bun.version });
      else printLine(versionText());
    });
}
