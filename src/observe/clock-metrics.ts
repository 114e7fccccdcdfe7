/** The clock's quality as metrics. What is not known is NaN, which Prometheus shows as no data; never a false zero. */
import { type ClockQuality, stampBound } from "./clock-quality.ts";
import type { Sample } from "./prometheus.ts";

/** The samples for a scrape at `nowNs` (ns since the epoch base). */
export function clockSamples(quality: ClockQuality | undefined, nowNs: number): Sample[] {
  const boundNs = quality ? stampBound(quality, "kernel", nowNs).errorBoundNs : null;
  const gauge = (metric: string, help: string, value: number): Sample => ({ metric, kind: "gauge", help, value });
  return [
    gauge("clock_offset_seconds", "System clock minus UTC as far as is known", seconds(quality?.offsetNs ?? null)),
    gauge("clock_error_bound_seconds", "How far from UTC the system clock can be", seconds(boundNs)),
    gauge("clock_disciplined", "1 when the clock is kept to a reference", quality?.disciplined ? 1 : 0),
  ];
}

function seconds(ns: number | null): number {
  return ns === null ? Number.NaN : ns / 1e9;
}
