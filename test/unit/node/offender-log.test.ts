/** The first bad messages and packets in the log: each once, and not many at a time. */
import { expect, test } from "bun:test";
import { Log, logOutput } from "../../../src/node/log.ts";
import { OffenderLog } from "../../../src/node/offender-log.ts";

const message = (kind: string, sequence: number) => ({ kind, sequence, type: "A", locate: 1, hex: "41" });
const packet = (kind: string, tsRecvNs: number) => ({ line: "a", kind, lengthBytes: 3, head: "414243", tsRecvNs });

function setUp() {
  const lines: string[] = [];
  const log = new Log(logOutput({ write: (line) => void lines.push(line) }), { channel: "main" });
  return { lines, offenders: new OffenderLog(log) };
}

test("each offender is logged once, however often the lists come", () => {
  const { lines, offenders } = setUp();
  const messages = [message("wrong_length", 7)];
  for (let turn = 0; turn < 5; turn++) offenders.update(messages, [packet("short_header", 1)], turn * 250e6);
  messages.push(message("wrong_length", 8));
  offenders.update(messages, [packet("short_header", 1)], 2e9);
  expect(lines.length).toBe(3);
  expect(lines[0]).toContain(
    "WARN  a message that cannot be true channel=main kind=wrong_length sequence=7 type=A stock_locate=1 hex=41",
  );
  expect(lines[1]).toContain("a packet was refused channel=main line=a kind=short_header length_bytes=3 head=414243");
  expect(lines[2]).toContain("sequence=8");
});

test("a flood of one kind is held back, says how many, and does not hide another kind", () => {
  const { lines, offenders } = setUp();
  const flood = Array.from({ length: 30 }, (_, i) => message("unknown_type", i));
  offenders.update([...flood, message("bad_side", 99)], [], 0);
  expect(lines.filter((line) => line.includes("kind=unknown_type")).length).toBe(5);
  expect(lines.at(-1)).toContain("kind=bad_side");
  offenders.update([...flood, message("unknown_type", 100)], [], 20e9);
  expect(lines.at(-1)).toContain("sequence=100 type=A stock_locate=1 hex=41 not_logged=25");
});
