/**
 * How far a book can be trusted. Carried by every book, event, client frame and API answer. A gap makes the books
 * `recovering`, silence makes them `stale`, the end of the session makes them `closed`; only `ok` may be traded on.
 */
export const Quality = { ok: 0, recovering: 1, stale: 2, closed: 3 } as const;
export type Quality = (typeof Quality)[keyof typeof Quality];
export const QUALITY_NAMES = ["ok", "recovering", "stale", "closed"] as const;
export type QualityName = (typeof QUALITY_NAMES)[number];

/** The worse of two: what is shown where data rests on both. */
export function worseQuality(a: Quality, b: Quality): Quality {
  return a > b ? a : b;
}

export function qualityName(quality: number): QualityName {
  return QUALITY_NAMES[quality] ?? "stale";
}
