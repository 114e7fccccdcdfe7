/**
 * Bundles the page when the code that serves it is bundled or loaded. A Bun macro: the import that calls it is replaced
 * by its result, so a compiled binary holds finished text and neither this file nor the page's sources. Bundling is
 * done by a Bun of its own, because a macro may run inside a bundler.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const PAGE_FOLDER = join(import.meta.dir, "page");

export interface PageFile {
  path: string;
  mediaType: string;
  text: string;
  etag: string;
}

/** All files of the page by the path they are served at. Throws, and with it the build, when one cannot be bundled. */
export function pageFiles(): PageFile[] {
  return [
    pageFile("/", "text/html; charset=utf-8", source("index.html")),
    pageFile("/assets/icon.svg", "image/svg+xml", source("icon.svg")),
    pageFile("/assets/page.css", "text/css; charset=utf-8", bundle("styles/page.css")),
    pageFile("/assets/page.js", "text/javascript; charset=utf-8", bundle("main.ts")),
  ];
}

function pageFile(path: string, mediaType: string, text: string): PageFile {
  const etag = `"${createHash("sha256").update(text).digest("base64url").slice(0, 16)}"`;
  return { path, mediaType, text, etag };
}

function source(name: string): string {
  return readFileSync(join(PAGE_FOLDER, name), "utf8");
}

function bundle(entry: string): string {
  const command = [process.execPath, "build", join(PAGE_FOLDER, entry), "--target=browser", "--minify"];
  const result = Bun.spawnSync(command, { stdout: "pipe", stderr: "pipe" });
  if (!result.success) throw new Error(`${command.join(" ")}: ${result.stderr.toString()}`);
  return result.stdout.toString();
}
