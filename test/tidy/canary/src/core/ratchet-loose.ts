/** A function whose ratchet allows more than it has: it must be lowered. canary-file: ratchet */
export function tooLong(): string {
  return [
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
  ].join();
}
