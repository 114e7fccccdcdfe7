/**
 * A whole node: the appliance and its admin API, from the settings to an orderly end. `fathom run` is this; `fathom
 * demo` is this beside an exchange.
 */
import type { CutAnswer } from "../books/cut.ts";
import { listCpus } from "../io/pin.ts";
import { formatCpuList } from "../io/pin-cpu-set.ts";
import { type AdminService, startAdmin } from "./admin-service.ts";
import { Appliance } from "./appliance.ts";
import { type BookPlan, resolveShards } from "./book-plan.ts";
import type { Log } from "./log.ts";
import { pinProblems, planRuntime, type RuntimePlan } from "./runtime-plan.ts";
import { type ResolvedSettings, SettingsError } from "./settings.ts";

export class Node {
  readonly appliance: Appliance;
  readonly admin: AdminService;
  readonly plan: BookPlan;

  private constructor(appliance: Appliance, admin: AdminService, plan: BookPlan) {
    this.appliance = appliance;
    this.admin = admin;
    this.plan = plan;
  }

  /** Joins the lines and listens. Throws what either throws; nothing stays open then. */
  static async start(resolved: ResolvedSettings, log: Log): Promise<Node> {
    const { settings, entries } = resolved;
    const cpus = listCpus().allowed;
    const plan = { ...settings.books, shards: resolveShards(settings.books.shards, cpus.length) };
    const runtime = planFor(resolved, plan.shards, cpus);
    const appliance = new Appliance({ settings, entries, plan, runtime, log });
    try {
      await appliance.started();
      return new Node(appliance, await startAdmin(appliance, settings.admin, log), plan);
    } catch (error) {
      await appliance.close();
      throw error;
    }
  }

  /** Each channel's state and session hash at its present sequence. */
  async hashes(): Promise<{ channel: string; answer: CutAnswer }[]> {
    const { channelHosts } = this.appliance;
    return Promise.all(
      channelHosts.map(async (host) => ({ channel: host.name, answer: await host.cut({ locates: null, hash: true }) })),
    );
  }

  async stop(): Promise<void> {
    await this.admin.stop();
    await this.appliance.close();
  }
}

/** Throws `bad-config` when the settings name a CPU that this process may not use. */
function planFor({ settings, origins }: ResolvedSettings, shards: number, cpus: readonly number[]): RuntimePlan {
  const problems = pinProblems(settings.runtime.pin, cpus, formatCpuList).map((problem) => {
    const origin = origins.get(problem.key) ?? origins.get("runtime.pin") ?? "settings";
    return { ...problem, where: origin.replace(/^file /, ""), hint: "" };
  });
  if (problems.length > 0) throw new SettingsError(problems);
  return planRuntime(settings.runtime, settings.channels.length, shards, cpus);
}
