/** The entry of a worker when fathom runs from source; the compiled binary's own entry does the same. */
import { runWorkerRole, workerRole } from "./worker-roles.ts";

runWorkerRole(workerRole());
