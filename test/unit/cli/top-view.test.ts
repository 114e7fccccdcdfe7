/** The picture of `fathom top`: everything that it promises is in it, and it fits the terminal. */
import { describe, expect, test } from "bun:test";
import { busToJson } from "../../../src/admin/views/bus.ts";
import { channelToJson } from "../../../src/admin/views/channel.ts";
import { statusToJson } from "../../../src/admin/views/node.ts";
import { perfToJson } from "../../../src/admin/views/perf.ts";
import type { TopData } from "../../../src/cli/top-view.ts";
import { topLines } from "../../../src/cli/top-view.ts";
import { MemoryAppliance } from "../../support/admin-appliance.ts";

function dataOf(): TopData {
  const appliance = new MemoryAppliance("itch", "options");
  return {
    status: statusToJson(appliance.version(), appliance.status(), appliance.ready()),
    channels: appliance.channels().map(channelToJson),
    perf: perfToJson(appliance.perf()),
    bus: busToJson(appliance.bus()),
  };
}

/** Without what only colours it. */
function plain(lines: readonly string[]): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a style is made of
  return lines.map((line) => line.replace(/\x1b\[[0-9;]*m/g, ""));
}

describe("at 100 columns", () => {
  const lines = plain(topLines(dataOf(), 100));
  const row = (start: string) => lines.find((line) => line.startsWith(start))!;

  test("threads, stages, lines and rings, each with its numbers, and every column of them", () => {
    expect(row("THREAD")).toMatch(/IDLE +BUSY +MSG\/S +TURNS\/S +PAUSE +MAX +DEPTH MAX +DRAIN$/);
    expect(row("itch ingest ")).toMatch(/park +██▎ +25% +1,250,000 +900 +80 µs +4 ms +70% +5 ms$/);
    expect(row("STAGE")).toMatch(/PER SECOND +NS EACH +NS\/MESSAGE +OF A CORE$/);
    expect(row("itch ingest receive")).toMatch(/40,000 packets +700 +22 +▎ +2\.8%$/);
    expect(row("LINE")).toMatch(/QUALITY +PATH +PACKETS\/S +MSG\/S +LOST +DROPS +QUEUE +MAX$/);
    expect(row("itch a")).toMatch(/ok +recvmmsg +0 +0 +0 +0 +<1% +<1%$/);
    expect(row("RING")).toMatch(/WAY +ROOM +DEPTH +MAX +RECORDS\/S +PUBLISHES\/S +HELD BACK$/);
    expect(row("itch/control")).toMatch(/main > ingest +64 KiB +<1% +- +13 +- +1$/);
  });

  test("what is put off is said in words", () => {
    expect(row("itch: ")).toBe("itch: fullest queue 45% (max 70%), put off: history");
  });

  test("event rings and their readers, where there are any", () => {
    const data = dataOf();
    const reader = { slot: 0, name: "strategy-1", policy: "overrun", pid: 9, state: "attached" as const };
    const counts = { lag_records: 1234, lag_ratio: 0.62, overruns: 2, lost_records: 17, records: 5000, parked: true };
    const ring = { name: "itch-0", channel: "itch", shard: 0, state: "open" as const, writer_pid: 7 };
    const writer = { capacity_records: 2048, records: 6234, blocked: 0, blocked_ns: 0, expelled_readers: 0, wakes: 3 };
    data.bus.event_rings.push({ ...ring, ...writer, readers: [{ ...reader, ...counts }] });
    data.bus.event_rings.push({ ...ring, name: "itch-1", ...writer, readers: [] });
    const found = plain(topLines(data, 100));
    expect(found.find((line) => line.startsWith("itch-0"))).toMatch(/strategy-1 +overrun +parked +1,234 +62% +2 +17$/);
    expect(found.find((line) => line.startsWith("itch-1"))).toContain("(nobody reads)");
  });
});

test.each([40, 60, 80, 100, 200])("no line is longer than %i letters", (width) => {
  for (const line of plain(topLines(dataOf(), width))) expect([...line].length).toBeLessThanOrEqual(width);
});
