/** The clock's quality as the appliance shows it, and what it makes of it: view, log line, reason not to be ready. */
import type { ClockView } from "../admin/contract.ts";
import { clock } from "../io/clock.ts";
import type { ClockMonitor } from "../observe/clock-monitor.ts";
import { type ClockQuality, isInBound, stampBound } from "../observe/clock-quality.ts";
import { epochNs } from "./channel-view.ts";
import type { Log } from "./log.ts";
import type { ClockSettings } from "./settings.ts";

/** What the monitor knows, as of now: bounds grow from look to look. */
export function clockView(monitor: ClockMonitor, settings: ClockSettings): ClockView {
  const { quality } = monitor;
  const nowNs = clock.realtimeNs();
  const hybridStamp = monitor.stamp();
  const { errorBoundMaxNs } = settings;
  if (quality === undefined) {
    return {
      source: "none",
      disciplined: false,
      offsetNs: null,
      errorBoundNs: null,
      hardwareStampErrorBoundNs: null,
      errorBoundMaxNs,
      inBound: false,
      reference: "",
      how: "the clock has not been checked lately",
      checkedAtNs: null,
      hybridStamp,
    };
  }
  const { source, disciplined, offsetNs, reference, how, checkedAtNs } = quality;
  return {
    source,
    disciplined,
    offsetNs: offsetNs === null ? null : Math.round(offsetNs),
    errorBoundNs: stampBound(quality, "kernel", nowNs).errorBoundNs,
    hardwareStampErrorBoundNs: stampBound(quality, "hardware", nowNs).errorBoundNs,
    errorBoundMaxNs,
    inBound: isInBound(quality, settings),
    reference,
    how,
    checkedAtNs: epochNs(checkedAtNs),
    hybridStamp,
  };
}

/** Says once what keeps the clock, and again when that changes. */
export function logClock(log: Log, quality: ClockQuality): void {
  const { source, disciplined, reference, how, errorBoundNs } = quality;
  if (!disciplined) log.warn("nothing keeps this machine's clock: stamps have no bound", { how });
  else
    log.info("the clock is disciplined", {
      source,
      reference,
      error_bound_ns: errorBoundNs === null ? "unknown" : Math.ceil(errorBoundNs),
    });
}
