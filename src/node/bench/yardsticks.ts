/**
 * The C programs that fathom is held against: their sources are in the binary, and are compiled with whatever C
 * compiler this machine has, as anybody would (`-O2`, nothing else). Without one their columns stay empty and say why.
 */
import { join } from "node:path";
// tidy: allow import-direction the yardsticks are test/bench's, and travel in the binary as text
import itchBook from "../../../test/bench/c/itch-book.c" with { type: "text" };
// tidy: allow import-direction as above
import longestGap from "../../../test/bench/c/longest-gap.c" with { type: "text" };
// tidy: allow import-direction as above
import udpReceive from "../../../test/bench/c/udp-receive.c" with { type: "text" };
import { FathomError } from "../../core/assert.ts";
import { runProcess } from "./processes.ts";
import { makeFolder, writeText } from "./scratch.ts";

const SOURCES = { "itch-book": itchBook, "longest-gap": longestGap, "udp-receive": udpReceive } as const;
export type Yardstick = keyof typeof SOURCES;

const COMPILERS = ["gcc", "cc", "clang"] as const;
const FLAGS = ["-O2"];
const COMPILE_TIMEOUT_MS = 60_000;

export interface CompilerFound {
  readonly path: string;
  /** "gcc (Debian 12.2.0-14) 12.2.0, -O2". */
  readonly description: string;
}

/** The machine's C compiler, or why there is none. */
export async function findCompiler(): Promise<CompilerFound | string> {
  for (const name of COMPILERS) {
    const path = Bun.which(name);
    if (path === null) continue;
    const { exitStatus, stdout } = await runProcess([path, "--version"], COMPILE_TIMEOUT_MS);
    if (exitStatus === 0) return { path, description: `${stdout.split("\n")[0]!.trim()}, ${FLAGS.join(" ")}` };
  }
  return `no C compiler on this machine (looked for ${COMPILERS.join(", ")})`;
}

/** Compiles on first use, into a folder of the bench's own. */
export class Yardsticks {
  readonly compiler: CompilerFound | string;
  readonly #folder: string;
  readonly #compiled = new Map<Yardstick, Promise<string>>();

  constructor(compiler: CompilerFound | string, folder: string) {
    this.compiler = compiler;
    this.#folder = folder;
  }

  /** Why there are none; `undefined` when there are. */
  get missing(): string | undefined {
    return typeof this.compiler === "string" ? this.compiler : undefined;
  }

  /** The path of the compiled program. Throws `yardstick-failed` when it does not compile. */
  program(name: Yardstick): Promise<string> {
    const known = this.#compiled.get(name);
    if (known) return known;
    const compiling = this.#compile(name);
    this.#compiled.set(name, compiling);
    return compiling;
  }

  async #compile(name: Yardstick): Promise<string> {
    if (typeof this.compiler === "string") throw new FathomError("yardstick-failed", this.compiler);
    makeFolder(this.#folder);
    const source = join(this.#folder, `${name}.c`);
    const program = join(this.#folder, name);
    writeText(source, SOURCES[name]);
    const command = [this.compiler.path, ...FLAGS, "-o", program, source];
    const { exitStatus, stderr } = await runProcess(command, COMPILE_TIMEOUT_MS);
    if (exitStatus === 0) return program;
    throw new FathomError("yardstick-failed", `${name}.c does not compile: ${stderr.trim().slice(0, 400)}`);
  }
}
