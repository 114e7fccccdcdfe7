/** The worker of `pin.test.ts`: pins itself to the CPU that it is told, moves the others away, and says what it did. */
import { pinThread } from "../../../src/io/pin.ts";

self.onmessage = (event: MessageEvent<{ cpu: number }>) => {
  const pinned = pinThread(event.data.cpu);
  postMessage({ threadId: pinned.threadId, moved: pinned.moveHelpers() });
};
