/** A function over the limit whose ratchet holds exactly what it is: no fault. */
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
