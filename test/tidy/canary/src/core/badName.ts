/** A file name that is not kebab-case. canary-file: file-name */
export const fine = 1;
