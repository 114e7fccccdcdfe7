/** Page cursors: the last row of a page, opaque to the caller. Rows that come and go between pages shift nothing. */

export interface Cursor {
  symbol: string;
  channel: string;
}

export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify([cursor.symbol, cursor.channel])).toString("base64url");
}

/** Undefined for what `encodeCursor` has not made. */
export function decodeCursor(text: string): Cursor | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64url").toString());
    if (!Array.isArray(value) || value.length !== 2) return undefined;
    const [symbol, channel] = value;
    return typeof symbol === "string" && typeof channel === "string" ? { symbol, channel } : undefined;
  } catch {
    return undefined;
  }
}
