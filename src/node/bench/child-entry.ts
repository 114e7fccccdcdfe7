/** The entry of a run when fathom runs from source; the compiled binary's hidden `bench-child` does the same. */
import { runChild } from "./child.ts";

await runChild(process.argv[2] ?? "");
