// A file that does not open with a doc comment. canary-file: header
export const fine = 1;
