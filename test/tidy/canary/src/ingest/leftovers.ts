/** What was meant to be done later. */
// TODO: the rest; canary: leftover
export const text = "TODO"; /* FIXME here; canary: leftover */
export const XXX = 1;
