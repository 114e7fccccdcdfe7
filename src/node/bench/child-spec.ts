/** What a child process of the bench is told to do, once. Plain JSON, because it travels as an argument. */

/** The builders of books that are held against each other. */
export type Builder = "fathom" | "map-book" | "naive";

export type ChildSpec =
  | {
      readonly kind: "decode";
      readonly tape: string;
      readonly passes: number;
      readonly work: "frame" | "decode";
      /** A pass goes over the tape as often as it takes to have seen so many, to be long enough for the CPU clock. */
      readonly passMessagesMin: number;
    }
  | {
      readonly kind: "book";
      readonly tape: string;
      readonly passes: number;
      readonly builder: Builder;
      /** Also gives the state hash over all books, for builders that have one. */
      readonly stateHash: boolean;
    }
  | { readonly kind: "memory"; readonly tape: string; readonly builder: Builder }
  | {
      readonly kind: "allocation";
      readonly tape: string;
      readonly builder: Builder;
      readonly warmMessages: number;
      readonly messages: number;
    }
  | { readonly kind: "longest-gap"; readonly tape: string; readonly seconds: number };
