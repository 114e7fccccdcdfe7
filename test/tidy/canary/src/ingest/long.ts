/** Too long in every way: the line below, the function, and the file as a whole. canary-file: file-length */
// This line has more than a hundred and twenty letters, which no editor window shows without wrapping it. canary: line-length
export function fine(): string {
  return "ten lines are the canary's limit";
}

export const tooLong = (): string => { // canary: function-length
  const parts = [
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
  ];
  return parts.join();
};

export class Holder {
  tooLong(): string { // canary: function-length
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
}
//
//
//
//
//
//
//
//
//
//
