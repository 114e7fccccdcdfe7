/**
 * Data on stdout, talk on stderr. A reader that goes away (`| head`) ends the process quietly; colour is used on a
 * terminal only, and never with NO_COLOR.
 */
/** Says when nobody reads stdout or stderr any more, perhaps several times. Called once, before anything is printed. */
export function onBrokenPipe(broken: () => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      broken();
    });
  }
}

/** One line of data. */
export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One JSON value on one line. */
export function printJson(value: unknown): void {
  printLine(JSON.stringify(value));
}

/** Resolves when all that was printed has left the process, which a pipe may delay. */
export async function drained(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((resolve) => stream.write("", () => resolve()));
  }
}

/** One line of talk. */
export function sayLine(text: string): void {
  process.stderr.write(`${text}\n`);
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Style = keyof typeof STYLES;

/** Whether what goes to this stream may be coloured: FORCE_COLOR and NO_COLOR first, then whether it is a terminal. */
export function colours(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  if (env["NO_COLOR"]) return false;
  if (env["FORCE_COLOR"] && env["FORCE_COLOR"] !== "0") return true;
  return stream.isTTY === true && env["TERM"] !== "dumb";
}

/** The text in a style where the stream takes colour, as it is where not. */
export function styled(text: string, style: Style, stream: { isTTY?: boolean } = process.stdout): string {
  return colours(stream) ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
}
