/** Admin may take types from anywhere, and values only from core. */
import type { BookImage } from "../books/contract.ts";
import { NaiveBooks } from "../books/naive.ts"; // canary: import-direction
import { Hono } from "hono";

export const all = [NaiveBooks, Hono] as unknown as BookImage;
