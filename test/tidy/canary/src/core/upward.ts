/** Imports against the table, in each way that there is to import. */
import { type ChunkedFile, openFileSource } from "../io/disk.ts"; // canary: import-direction
import type { BookImage } from "../books/contract.ts"; // canary: import-direction
export { clock } from "../io/clock.ts"; // canary: import-direction
import { readFileSync } from "node:fs"; // canary: banned-module
import { z } from "zod"; // canary: package
import { join } from "node:path";
import { outside } from "../../test/outside.ts"; // canary: import-direction
import { fine } from "./no-header.ts";

export type Late = import("../books/naive.ts").NaiveBooks; // canary: import-direction
export const later = () => import("../wire/itch50.ts"); // canary: import-direction
export const all = [openFileSource, readFileSync, z, join, outside, fine] as [ChunkedFile?, BookImage?];
