/**
 * Builds fathom into one file: `bun build.ts [--target T]… [--outfile F] [--if-needed]`.
 *
 * Version, git commit and target are baked in. Each binary is written beside its place and moved in, so that one that
 * is running stays whole and a failed build leaves the old one. It is proven before it is moved: the ELF header must
 * be the target's, and a binary for this machine must answer `version --json` with what was baked in.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { BunPlugin } from "bun";

const ROOT = import.meta.dir;
const ENTRY = join(ROOT, "src/cli/main.ts");
/** What goes into the binary: a change in any of these is a new build. */
const INPUTS = ["src", "plugins", "build.ts", "package.json", "package-lock.json"];

/** Our name of a target → Bun's, and the machine number in its ELF header. */
const TARGETS = {
  "linux-x64": { bun: "bun-linux-x64", elfMachine: 62 },
  "linux-x64-baseline": { bun: "bun-linux-x64-baseline", elfMachine: 62 },
  "linux-arm64": { bun: "bun-linux-arm64", elfMachine: 183 },
} as const;
type Target = keyof typeof TARGETS;

/** Work on the bundle besides Bun's own. */
const PLUGINS: BunPlugin[] = [];

interface BuildInfo {
  version: string;
  commit: string;
  target: Target;
}

class BuildError extends Error {}
/** The command line is not what it takes. */
class UsageError extends BuildError {}

function git(...args: string[]): string | undefined {
  const run = Bun.spawnSync(["git", "-C", ROOT, ...args], { stderr: "ignore" });
  return run.exitCode === 0 ? run.stdout.toString().trim() : undefined;
}

function commitText(): string {
  const commit = git("rev-parse", "--short=12", "HEAD");
  if (commit === undefined) return "unknown";
  return git("status", "--porcelain", "--", ...INPUTS) === "" ? commit : `${commit}-dirty`;
}

function hostTarget(): Target {
  const name = `${process.platform}-${process.arch}`;
  if (name in TARGETS) return name as Target;
  throw new BuildError(
    `no build for this machine (${name}): name one of ${Object.keys(TARGETS).join(", ")} by --target`,
  );
}

/** Changes when anything that the binary is made from does. */
function fingerprint(info: BuildInfo): string {
  const hash = createHash("sha256").update(JSON.stringify([info, Bun.version]));
  const files = INPUTS.filter((input) => existsSync(join(ROOT, input))).flatMap(filesUnder);
  for (const file of files) hash.update(file).update(readFileSync(join(ROOT, file)));
  return hash.digest("hex");
}

/** The files of a folder, or the file itself. */
function filesUnder(input: string): string[] {
  if (!statSync(join(ROOT, input)).isDirectory()) return [input];
  const names = [...new Bun.Glob("**").scanSync({ cwd: join(ROOT, input), onlyFiles: true, dot: true })].sort();
  return names.map((name) => join(input, name));
}

async function compile(info: BuildInfo, outfile: string): Promise<void> {
  const result = await Bun.build({
    entrypoints: [ENTRY],
    // Names stay: a stack trace in an operator's log must say where, and no source map is shipped.
    minify: { whitespace: true, syntax: true, identifiers: false },
    bytecode: true,
    format: "esm",
    sourcemap: "none",
    define: { FATHOM_BUILD: JSON.stringify(info), "process.env.NODE_ENV": '"production"' },
    plugins: PLUGINS,
    throw: false,
    compile: { target: TARGETS[info.target].bun, outfile, autoloadBunfig: false, autoloadDotenv: false },
  });
  if (!result.success) throw new BuildError(`the bundle failed:\n${result.logs.map(String).join("\n")}`);
}

/** Throws unless `file` is an executable for the target and, where this machine can run it, says what it is. */
function prove(file: string, info: BuildInfo): void {
  const header = new Uint8Array(20);
  const descriptor = openSync(file, "r");
  readSync(descriptor, header, 0, 20, 0);
  closeSync(descriptor);
  const view = new DataView(header.buffer);
  const machine = view.getUint16(18, true);
  if (view.getUint32(0) !== 0x7f454c46 || machine !== TARGETS[info.target].elfMachine) {
    throw new BuildError(`${file} is no executable for ${info.target} (ELF machine ${machine})`);
  }
  chmodSync(file, 0o755);
  if (process.platform !== "linux" || !info.target.startsWith(`linux-${process.arch}`)) return;
  const run = Bun.spawnSync([resolve(file), "version", "--json"], { stderr: "pipe" });
  const answer = run.stdout.toString();
  if (run.exitCode !== 0 || !answer.includes(`"${info.commit}"`)) {
    throw new BuildError(`${file} does not run (exit ${run.exitCode}): ${answer}${run.stderr.toString()}`);
  }
}

async function buildTarget(target: Target, outfile: string, ifNeeded: boolean): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  const info: BuildInfo = { version, commit: commitText(), target };
  const stampFile = join(dirname(outfile), `.${basename(outfile)}.stamp`);
  const stamp = fingerprint(info);
  if (ifNeeded && existsSync(outfile) && existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  // A folder of its own, so that the file has its right name: it is baked in, and stands in stack traces.
  const folder = join(dirname(outfile), `.build-${process.pid}`);
  const part = join(folder, basename(outfile));
  const startNs = Bun.nanoseconds();
  mkdirSync(folder, { recursive: true });
  try {
    await compile(info, part);
    prove(part, info);
    renameSync(part, outfile);
    writeFileSync(stampFile, stamp);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const seconds = ((Bun.nanoseconds() - startNs) / 1e9).toFixed(1);
  process.stderr.write(`built ${outfile} (${version}, ${info.commit}, ${target}) in ${seconds} s\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      target: { type: "string", multiple: true },
      outfile: { type: "string" },
      "if-needed": { type: "boolean", default: false },
    },
  });
  const targets = values.target ?? [];
  for (const target of targets) {
    if (!(target in TARGETS)) {
      throw new UsageError(`--target: found "${target}", expected one of ${Object.keys(TARGETS).join(", ")}`);
    }
  }
  if (values.outfile !== undefined && targets.length > 1) {
    throw new UsageError("--outfile: found with several targets, expected with one; leave it out");
  }
  if (targets.length === 0) {
    await buildTarget(hostTarget(), resolve(values.outfile ?? join(ROOT, "dist/fathom")), values["if-needed"]);
  }
  for (const target of targets as Target[]) {
    await buildTarget(target, resolve(values.outfile ?? join(ROOT, `dist/fathom-${target}`)), values["if-needed"]);
  }
}

try {
  await main();
} catch (error) {
  // parseArgs throws a TypeError with a code of its own.
  const usage = error instanceof UsageError || (error instanceof TypeError && "code" in error);
  const isKnown = usage || error instanceof BuildError;
  process.stderr.write(`build: ${isKnown ? error.message : Bun.inspect(error)}\n`);
  process.exit(usage ? 2 : 1);
}
