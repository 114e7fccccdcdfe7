/** What is logged of the hot threads: that they are ready, and what is put off while their queues are full. */
import { clock } from "../io/clock.ts";
import type { ChannelPerf } from "./channel-perf.ts";
import { type DegradationStep, enabledMeasures, MEASURE_MEANINGS } from "./degradation.ts";
import { type Log, LogLimiter } from "./log.ts";
import type { DegradationSettings } from "./settings.ts";
import type { ThreadReady } from "./thread-start.ts";

export class ThreadLog {
  readonly #log: Log;
  readonly #limiter = new LogLimiter();
  readonly #order: string;

  constructor(log: Log, degradation: DegradationSettings) {
    this.#log = log;
    this.#order = enabledMeasures(degradation.shares)
      .map(({ measure }) => measure)
      .join(", ");
  }

  ready(channel: string, perf: ChannelPerf, { thread, warmUp, cpu, movedCount }: ThreadReady): void {
    const plan = perf.threads.find((candidate) => candidate.layout.thread === thread)?.plan;
    const log = this.#log.child({ channel, thread });
    const fields = {
      idle: plan?.idle,
      warm_up_ms: Math.round(warmUp.durationNs / 1e6),
      warm_up_messages: warmUp.messageCount,
      ...(cpu < 0 ? {} : { pinned_cpu: cpu, threads_moved: movedCount }),
    };
    log.info("thread is ready", fields);
    if (warmUp.skipped !== "" && (plan?.warmUpNs ?? 0) > 0) log.warn("no warm-up", { reason: warmUp.skipped });
  }

  degradation(channel: string, { measure, isTaken, pressure }: DegradationStep): void {
    const suppressed = this.#limiter.admit(`${channel} ${measure} ${isTaken}`, clock.monotonicNs());
    if (suppressed < 0) return;
    const fields = {
      channel,
      measure,
      fullest_queue: `${Math.round(pressure * 100)}%`,
      order: this.#order,
      ...(suppressed > 0 ? { more_like_this: suppressed } : {}),
    };
    if (isTaken) this.#log.warn(`queues are filling: ${MEASURE_MEANINGS[measure]}`, fields);
    else this.#log.info("queues have drained: a measure is taken back", fields);
  }
}
