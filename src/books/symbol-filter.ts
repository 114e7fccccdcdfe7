/**
 * Which instruments are subscribed to: symbols and globs (`*` any letters, `?` one letter), `!` takes out again. A
 * symbol is in when some pattern takes it in and none takes it out; with only `!` patterns, all others are in.
 */
export function makeSymbolFilter(patterns: readonly string[]): (symbol: string) => boolean {
  const wanted = patterns.filter((pattern) => !pattern.startsWith("!"));
  const unwanted = patterns.filter((pattern) => pattern.startsWith("!")).map((pattern) => pattern.slice(1));
  const takesIn = matcher(wanted.length === 0 && unwanted.length > 0 ? ["*"] : wanted);
  const takesOut = matcher(unwanted);
  return (symbol) => takesIn(symbol) && !takesOut(symbol);
}

function matcher(patterns: readonly string[]): (symbol: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !/[*?]/.test(pattern)));
  const globs = patterns.filter((pattern) => /[*?]/.test(pattern)).map(globExpression);
  return (symbol) => exact.has(symbol) || globs.some((glob) => glob.test(symbol));
}

function globExpression(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/\*/g, ".*").replace(/\?/g, ".")}$`);
}
