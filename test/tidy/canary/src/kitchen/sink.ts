/** A room that is not in the house. canary-file: import-direction */
export const fine = 1;
