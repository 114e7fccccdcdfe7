/**
 * The command line: one `register…` a command, each in its own file. Says what fathom is to someone who has only the
 * binary.
 */
import { Command } from "commander";
import { versionText } from "../node/version.ts";
import { registerBench } from "./bench.ts";
import { registerBooks } from "./books.ts";
import { registerCheck } from "./check.ts";
import { registerDemo } from "./demo.ts";
import { registerDoctor } from "./doctor.ts";
import { registerExchange } from "./exchange.ts";
import { colours } from "./output.ts";
import { registerReplay } from "./replay.ts";
import { registerRun } from "./run.ts";
import { registerTop } from "./top.ts";
import { registerVersion } from "./version.ts";

/** In the order in which `fathom --help` shows them. */
const REGISTRATIONS: readonly ((program: Command) => void)[] = [
  registerDemo,
  registerRun,
  registerCheck,
  registerDoctor,
  registerExchange,
  registerReplay,
  registerBooks,
  registerTop,
  registerBench,
  registerVersion,
];

const INTRODUCTION =
  "fathom is a market-data appliance in one file: it joins an exchange's multicast lines, repairs what was lost, " +
  "keeps every order book in memory and says how far each can be trusted.";

const LESSON = `
Start here:
  fathom demo                      the whole way on this machine: an exchange, both lines, books, a page to look at
  fathom check --resolved          every setting, its value, and where that came from
  fathom run --config fathom.toml  the appliance itself

Settings: a flag wins over the environment (FATHOM_SECTION_KEY), that over the file (TOML), that over the default.
Data goes to stdout, talk to stderr. --json where there is data. NO_COLOR is respected.
Exit status: 0 done, 1 failed, 2 usage, 3 degraded, 78 bad config, 130 and 143 ended by a signal.`;

/** The whole command line, ready to parse. Throws `CommanderError` instead of ending the process. */
export function makeProgram(): Command {
  const program = new Command("fathom");
  program
    .description(INTRODUCTION)
    .version(versionText(), "-V, --version", "print the version")
    .helpOption("-h, --help", "help on fathom, or on a command")
    .helpCommand("help [command]", "help on a command")
    .addHelpText("after", LESSON)
    .showSuggestionAfterError(true)
    .allowExcessArguments(false)
    .configureOutput({
      getOutHasColors: () => colours(process.stdout),
      getErrHasColors: () => colours(process.stderr),
    })
    .exitOverride();
  for (const register of REGISTRATIONS) register(program);
  for (const command of program.commands) finish(command, "fathom");
  return program;
}

/** What every command and sub-command has in common. */
function finish(command: Command, parent: string): void {
  const path = `${parent} ${command.name()}`;
  command
    .copyInheritedSettings(command.parent!)
    .allowExcessArguments(false)
    .showHelpAfterError(`(${path} --help says what it takes)`);
  for (const child of command.commands) finish(child, path);
}
