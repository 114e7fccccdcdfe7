/**
 * Framing alone, and framing with every field of the order messages read in place: the floor under any book. Does what
 * `itch-book.c` does in its frame and decode modes; the sum of all fields must come out the same, modulo 2^32.
 */
import { BinaryFileFramer } from "../../wire/binaryfile.ts";
import { Itch } from "../../wire/itch50.ts";
import type { ChildSpec } from "./child-spec.ts";
import { StopWatch } from "./stop-watch.ts";
import type { CaseRun } from "./suite.ts";

export function runDecode(spec: Extract<ChildSpec, { kind: "decode" }>, tape: Uint8Array): CaseRun {
  const watch = new StopWatch();
  const tally = { messages: 0, sum: 0, highWords: 0 };
  for (let pass = 0; pass < spec.passes; pass++) {
    watch.start();
    let seen = 0;
    do {
      const framer = new BinaryFileFramer();
      framer.feed(tape);
      if (spec.work === "frame") frame(framer, tally);
      else decode(framer, tally);
      seen += tally.messages;
    } while (seen < spec.passMessagesMin && tally.messages > 0);
    watch.stop(seen);
  }
  const sum = spec.work === "decode" ? { sum: String(tally.sum) } : {};
  return { measures: watch.measures("message"), checks: { messages: String(tally.messages), ...sum } };
}

interface Tally {
  messages: number;
  /** Of all fields, modulo 2^32. */
  sum: number;
  /** Sum of the references' high words: kept so that reading them is not left out. */
  highWords: number;
}

function frame(framer: BinaryFileFramer, tally: Tally): void {
  let messages = 0;
  while (framer.next()) messages++;
  tally.messages = messages;
}

/** Reads as the book builder reads: 64-bit references as two words, numbers by their 32 bits. */
function decode(framer: BinaryFileFramer, tally: Tally): void {
  let messages = 0;
  let low = 0;
  let high = 0;
  while (framer.next()) {
    const { bytes, view, offset } = framer;
    messages++;
    switch (bytes[offset]) {
      case Itch.addOrder:
      case Itch.addOrderMpid:
        high = (high + view.getInt32(offset + 11)) | 0;
        low = (low + view.getInt32(offset + 15) + view.getInt32(offset + 20) + view.getInt32(offset + 32)) | 0;
        low = (low + view.getUint16(offset + 1) + bytes[offset + 19]!) | 0;
        break;
      case Itch.delete:
        high = (high + view.getInt32(offset + 11)) | 0;
        low = (low + view.getInt32(offset + 15)) | 0;
        break;
      case Itch.executed:
      case Itch.executedWithPrice:
      case Itch.cancel:
        high = (high + view.getInt32(offset + 11)) | 0;
        low = (low + view.getInt32(offset + 15) + view.getInt32(offset + 19)) | 0;
        break;
      case Itch.replace:
        high = (high + view.getInt32(offset + 11) + view.getInt32(offset + 19)) | 0;
        low = (low + view.getInt32(offset + 15) + view.getInt32(offset + 23)) | 0;
        low = (low + view.getInt32(offset + 27) + view.getInt32(offset + 31)) | 0;
        break;
    }
  }
  tally.messages = messages;
  tally.sum = low >>> 0;
  tally.highWords = high;
}
