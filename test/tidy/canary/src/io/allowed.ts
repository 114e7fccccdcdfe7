/** What io/ may do, and nobody else: no fault. */
import { readFileSync } from "node:fs";

export const now = Date.now();
export const read = readFileSync;
