/** The clock's quality in a running node: status, metrics, readiness. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFathom } from "../support/binary.ts";
import { uniqueGroup } from "../support/net-await.ts";

const folder = mkdtempSync(join(tmpdir(), "fathom-clock-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a node that asks for a better clock than there is says so: readiness, status, metrics", async () => {
  const socket = join(folder, "admin.sock");
  const settings = {
    "node.state_dir": folder,
    "admin.socket": socket,
    "admin.listen": "",
    "channels.0.join": "now",
    "channels.0.lines.0.group": uniqueGroup(),
    "channels.0.lines.1.group": uniqueGroup(),
    "clock.require_disciplined": "true",
    "clock.error_bound_max": "1ns",
  };
  const flags = Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  const node = startFathom(["run", "--for", "20s", "--json", ...flags]);
  try {
    await node.until(/keeps this machine's clock|the clock is disciplined/);
    await node.until(/"ready":true/);
    const get = (path: string) => fetch(`http://localhost${path}`, { unix: socket });
    const ready = await get("/readyz");
    expect(ready.status).toBe(503);
    const { reasons } = (await ready.json()) as { reasons: string[] };
    expect(reasons.some((reason) => reason.startsWith("the clock"))).toBe(true);

    const { clock } = (await (await get("/v1/status")).json()) as { clock: Record<string, unknown> };
    expect(clock).toMatchObject({ in_bound: false, error_bound_max_ns: 1 });
    expect(clock["checked_at"]).toMatch(/^\d{19}$/);
    const { clock: later } = (await (await get("/v1/status")).json()) as { clock: Record<string, unknown> };
    const word = (view: Record<string, unknown>) => BigInt((view["hybrid_stamp"] as { word: string }).word);
    expect(word(later)).toBeGreaterThan(word(clock));
    expect(Math.abs(Number(word(clock) >> 10n) / 1e6 - Number(clock["checked_at"]) / 1e9)).toBeLessThan(20);
    expect(clock["disciplined"]).toBe(clock["source"] !== "none");

    const metrics = await (await get("/metrics")).text();
    const disciplined = /^fathom_clock_disciplined (\d)$/m.exec(metrics)?.[1];
    expect(disciplined).toBe(clock["disciplined"] ? "1" : "0");
    expect(/^fathom_clock_error_bound_seconds NaN$/m.test(metrics)).toBe(clock["error_bound_ns"] === null);
    expect(metrics).toMatch(/^fathom_clock_offset_seconds \S+$/m);
  } finally {
    await node.stop();
  }
});
