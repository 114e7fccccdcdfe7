/**
 * The page and its files, open to all: they hold no data. Made when the binary is built (see `page-bundle.macro.ts`),
 * so they are strings in memory here.
 */
import { z } from "@hono/zod-openapi";
import { pageFiles } from "../page-bundle.macro.ts" with { type: "macro" };
import type { AdminApp } from "./answers.ts";

const FILES = pageFiles();

export function addPageRoutes(app: AdminApp): void {
  for (const file of FILES) {
    const headers = { "content-type": file.mediaType, "cache-control": "no-cache", etag: file.etag };
    app.openAPIRegistry.registerPath({
      method: "get",
      path: file.path,
      summary: `A file of the page: ${file.mediaType}`,
      responses: {
        200: { description: "The file", content: { [file.mediaType]: { schema: z.string() } } },
        304: { description: "As the caller has it" },
      },
    });
    app.get(file.path, (context) => {
      if (context.req.header("if-none-match") === file.etag) return context.body(null, 304, headers);
      return context.body(file.text, 200, headers);
    });
  }
}
