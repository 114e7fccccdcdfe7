/**
 * Tables for a terminal: columns of fixed width, cells with a style, and as many columns as fit. Pure; widths count
 * letters, so a style never shifts anything.
 */
import { type Style, styled } from "./output.ts";

export interface Column {
  readonly title: string;
  readonly width: number;
  readonly align?: "left" | "right";
}

/** A text, or one with a style. */
export type Cell = string | { readonly text: string; readonly style: Style | undefined };

const GAP = 2;

/** Cuts or pads to exactly `width`; what is cut ends with …. */
export function fit(text: string, width: number, align: "left" | "right" = "left"): string {
  const letters = [...text];
  if (letters.length > width) return `${letters.slice(0, Math.max(0, width - 1)).join("")}…`;
  const pad = " ".repeat(width - letters.length);
  return align === "left" ? text + pad : pad + text;
}

/** The title line and a line a row, at most `widthMax` letters each: what does not fit is left out, from the right. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly Cell[])[], widthMax: number): string[] {
  let count = 0;
  let width = -GAP;
  while (count < columns.length && width + GAP + columns[count]!.width <= widthMax)
    width += GAP + columns[count++]!.width;
  const shown = columns.slice(0, count);
  const line = (cells: readonly Cell[], title?: Style) =>
    shown
      .map(({ width: cellWidth, align }, i) => {
        const cell = cells[i] ?? "";
        const { text, style } = typeof cell === "string" ? { text: cell, style: title } : cell;
        const fitted = fit(text, cellWidth, align);
        return style ? styled(fitted, style) : fitted;
      })
      .join(" ".repeat(GAP))
      .trimEnd();
  return [
    line(
      shown.map((column) => column.title),
      "dim",
    ),
    ...rows.map((row) => line(row)),
  ];
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar of `width` letters for a share of 0 to 1, to an eighth of a letter. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  return ("█".repeat(eighths >> 3) + EIGHTHS[eighths & 7]!).padEnd(width);
}
