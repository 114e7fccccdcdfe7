/**
 * The entry of the binary, and of every worker of it: a compiled program starts its workers from its own entry, so a
 * worker turns off to its role here, before anything of the command line is loaded.
 */
import { runWorkerRole, workerRole } from "../node/worker-roles.ts";

async function main(): Promise<void> {
  const [{ makeProgram }, { reportFailure }, { installStopSignals, isStopping }, { drained }] = await Promise.all([
    import("./program.ts"),
    import("./failure.ts"),
    import("./stop-signal.ts"),
    import("./output.ts"),
  ]);
  installStopSignals();
  try {
    await makeProgram().parseAsync(process.argv);
  } catch (error) {
    process.exitCode = reportFailure(error);
  }
  await drained();
  // A command is over when its action is, whatever it left open. A stop has its own way out and status.
  if (!isStopping()) process.exit();
}

if (Bun.isMainThread) await main();
else runWorkerRole(workerRole());
