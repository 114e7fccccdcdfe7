/**
 * A whole node: the appliance and its admin API, from the settings to an orderly end. `fathom run` is this; `fathom
 * demo` is this beside an exchange.
 */
import { availableParallelism } from "node:os";
import type { CutAnswer } from "../books/cut.ts";
import { type AdminService, startAdmin } from "./admin-service.ts";
import { Appliance } from "./appliance.ts";
import { type BookPlan, resolveShards } from "./book-plan.ts";
import type { Log } from "./log.ts";
import type { ResolvedSettings } from "./settings.ts";

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
    const plan = { ...settings.books, shards: resolveShards(settings.books.shards, availableParallelism()) };
    const appliance = new Appliance({ settings, entries, plan, log });
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
