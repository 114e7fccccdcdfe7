/**
 * TOML with its line numbers: what is in the file, and where each key stands, so that a mistake can be pointed at.
 * Bun's parser says what is wrong but not where; both are found here.
 */
import { ExitStatus, FathomError } from "../core/assert.ts";

export interface TomlFile {
  readonly values: Record<string, unknown>;
  /** Line, from 1, of each key and table header, by its dotted path (`channels.0.name`). */
  readonly lines: ReadonlyMap<string, number>;
}

/** Throws `bad-config` naming file and line when it is not TOML. */
export function parseToml(source: string, path: string): TomlFile {
  try {
    const values = Bun.TOML.parse(source) as Record<string, unknown>;
    return { values, lines: new LineFinder(source).find() };
  } catch (error) {
    const reason = (error as Error).message.replace(/^TOML Parse error: /, "");
    throw new FathomError("bad-config", `${path}:${brokenLine(source)}: not TOML: ${reason}`, {
      exitStatus: ExitStatus.badConfig,
      hint: "mend that line, then run `fathom check` again",
    });
  }
}

/** The line where the first statement that cannot be parsed begins: everything before it parses. */
function brokenLine(source: string): number {
  const lines = source.split("\n");
  let good = 0;
  for (let count = 1; count <= lines.length; count++) {
    try {
      Bun.TOML.parse(lines.slice(0, count).join("\n"));
      good = count;
    } catch {
      // A statement may go on over several lines; only the last good one counts.
    }
  }
  // Blank lines and comments parse too, so the statement is the next one that is neither.
  let line = good;
  while (line < lines.length - 1 && /^\s*(#.*)?$/.test(lines[line]!)) line++;
  return Math.min(line, lines.length - 1) + 1;
}

/** Walks the statements of a text that is known to be TOML, and notes the line of each key. */
class LineFinder {
  readonly #source: string;
  readonly #lines = new Map<string, number>();
  /** How many elements each array of tables has so far. */
  readonly #elementCounts = new Map<string, number>();
  #at = 0;
  #line = 1;
  #table = "";

  constructor(source: string) {
    this.#source = source;
  }

  find(): Map<string, number> {
    while (this.#at < this.#source.length) {
      const letter = this.#source[this.#at]!;
      if (letter === "#") this.#skipTo("\n");
      else if (letter === "[") this.#header();
      else if (/\s/.test(letter)) this.#step();
      else this.#keyValue();
    }
    return this.#lines;
  }

  #step(): void {
    if (this.#source[this.#at] === "\n") this.#line++;
    this.#at++;
  }

  #skipTo(letter: string): void {
    while (this.#at < this.#source.length && this.#source[this.#at] !== letter) this.#step();
  }

  #header(): void {
    const isArray = this.#source[this.#at + 1] === "[";
    this.#at += isArray ? 2 : 1;
    const segments = this.#key();
    let path = "";
    for (const [i, segment] of segments.entries()) {
      path = path === "" ? segment : `${path}.${segment}`;
      const count = this.#elementCounts.get(path) ?? 0;
      if (i === segments.length - 1 && isArray) {
        this.#elementCounts.set(path, count + 1);
        if (count === 0) this.#lines.set(path, this.#line);
        path += `.${count}`;
      } else if (count > 0) {
        path += `.${count - 1}`;
      }
    }
    this.#table = path;
    this.#lines.set(path, this.#line);
    this.#skipTo("\n");
  }

  #keyValue(): void {
    const line = this.#line;
    let path = this.#table;
    for (const segment of this.#key()) path = path === "" ? segment : `${path}.${segment}`;
    this.#lines.set(path, line);
    this.#skipTo("=");
    this.#step();
    this.#value();
  }

  /** A key with its dots, bare or quoted, up to "=" or "]". */
  #key(): string[] {
    const segments: string[] = [];
    const pattern = /\s*(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([A-Za-z0-9_-]+))\s*(\.?)/y;
    pattern.lastIndex = this.#at;
    for (let match = pattern.exec(this.#source); match; match = pattern.exec(this.#source)) {
      segments.push(match[1] ?? match[2] ?? match[3]!);
      this.#at = pattern.lastIndex;
      if (match[4] === "") break;
    }
    return segments;
  }

  /** Past a value to the end of its last line. */
  #value(): void {
    let depth = 0;
    while (this.#at < this.#source.length) {
      const letter = this.#source[this.#at]!;
      if (letter === '"' || letter === "'") this.#string(letter);
      else if (letter === "#") this.#skipTo("\n");
      else if (letter === "\n" && depth === 0) return;
      else {
        if (letter === "[" || letter === "{") depth++;
        if (letter === "]" || letter === "}") depth--;
        this.#step();
      }
    }
  }

  #string(quote: string): void {
    const long = this.#source.startsWith(quote.repeat(3), this.#at);
    const end = long ? quote.repeat(3) : quote;
    this.#at += end.length;
    while (this.#at < this.#source.length && !this.#source.startsWith(end, this.#at)) {
      if (quote === '"' && this.#source[this.#at] === "\\") this.#step();
      this.#step();
    }
    this.#at += end.length;
  }
}
