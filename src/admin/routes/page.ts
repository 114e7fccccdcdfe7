/**
 * The page and its files, open to all: they hold no data. Made when the binary is built (see `page-bundle.macro.ts`),
 * so they are strings in memory here.
 */
import { pageFiles } from "../page-bundle.macro.ts" with { type: "macro" };
import type { AdminApp } from "./answers.ts";

const FILES = pageFiles();

export function addPageRoutes(app: AdminApp): void {
  for (const file of FILES) {
    const headers = { "content-type": file.mediaType, "cache-control": "no-cache", etag: file.etag };
    app.get(file.path, (context) => {
      if (context.req.header("if-none-match") === file.etag) return context.body(null, 304, headers);
      return context.body(file.text, 200, headers);
    });
  }
}
