/** The log: one record is one line whatever is in it, levels change while running, floods are counted. */
import { describe, expect, test } from "bun:test";
import { Log, type LogFormat, LogLimiter, logOutput } from "../../../src/node/log.ts";

function logTo(lines: string[], format: LogFormat): Log {
  const now = () => ({ seconds: 1_700_000_000, ns: 5 });
  return new Log(logOutput({ format, now, write: (line) => void lines.push(line) }));
}

describe("Log", () => {
  test("as JSON: one object a line, exact nanoseconds, the fields of its parents", () => {
    const lines: string[] = [];
    const log = logTo(lines, "json").child({ channel: "demo" });
    log.warn("gap\nopened", { first_sequence: 2n ** 60n, line: "a" });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toEndWith("}\n");
    expect(JSON.parse(lines[0]!)).toEqual({
      time: "2023-11-14T22:13:20.000000005Z",
      level: "warn",
      message: "gap\nopened",
      channel: "demo",
      first_sequence: "1152921504606846976",
      line: "a",
    });
  });

  test("as text: a peer's control characters and quotes stay on the line and readable", () => {
    const lines: string[] = [];
    logTo(lines, "text").error("bad\x1b[31m\nname", { symbol: 'A" b\n', count: 3, none: undefined });
    expect(lines).toEqual(['2023-11-14T22:13:20.000000005Z ERROR bad\\x1b[31m\\x0aname symbol="A\\" b\\n" count=3\n']);
  });

  test("changing the level changes it for every logger on the output", () => {
    const lines: string[] = [];
    const root = logTo(lines, "text");
    const child = root.child({ line: "b" });
    child.debug("quiet");
    root.output.level = "debug";
    child.debug("heard");
    root.output.level = "error";
    root.warn("quiet");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("heard line=b");
  });

  test("the machine's clock is the time now", () => {
    const { seconds, ns } = logOutput().now();
    expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(5);
    expect(ns >= 0 && ns < 1e9).toBe(true);
  });
});

describe("LogLimiter", () => {
  test("lets the first ones of an interval through, then says how many it kept back", () => {
    const limiter = new LogLimiter(2, 10e9);
    expect([0, 1, 2, 3].map((second) => limiter.admit("x", second * 1e9))).toEqual([0, 0, -1, -1]);
    expect(limiter.admit("y", 3e9)).toBe(0);
    expect(limiter.admit("x", 10e9)).toBe(2);
    expect(limiter.admit("x", 11e9)).toBe(0);
  });

  test("a peer that makes up new kinds cannot make it grow or flood", () => {
    const limiter = new LogLimiter(1, 10e9);
    let admitted = 0;
    for (let i = 0; i < 10_000; i++) if (limiter.admit(`kind ${i}`, 0) >= 0) admitted++;
    expect(admitted).toBeLessThan(300);
  });
});
