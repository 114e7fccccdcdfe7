/** `fathom doctor` on the machine that the tests run on, with the rights that they have and with none. */
import { describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../../src/io/command.ts";
import { VERDICTS } from "../../src/node/doctor-finding.ts";
import { fathomBinary, runFathom } from "../support/binary.ts";

const SECTIONS = ["network", "receive", "cpu", "memory", "disk", "clock", "engine", "rights"];

interface DiagnosisJson {
  verdict: string;
  counts: Record<string, number>;
  sections: { name: string; verdict: string; findings: FindingJson[] }[];
}

interface FindingJson {
  check: string;
  verdict: string;
  found: string;
  change: string | null;
  command: string | null;
  write: { text: string; where: string } | null;
}

/** Everything that holds of any diagnosis of any machine. */
function checkShape(text: string): DiagnosisJson {
  const diagnosis: DiagnosisJson = JSON.parse(text);
  expect(diagnosis.sections.map(({ name }) => name)).toEqual(SECTIONS);
  const findings = diagnosis.sections.flatMap((section) => section.findings);
  expect(Object.keys(diagnosis.counts)).toEqual([...VERDICTS]);
  for (const verdict of VERDICTS) {
    expect(diagnosis.counts[verdict]).toBe(findings.filter((finding) => finding.verdict === verdict).length);
  }
  for (const { check, verdict, found, change } of findings) {
    expect(check).toMatch(/^[a-z][a-z-]*( \S+)?$/);
    expect(found).not.toMatch(/undefined|NaN|Infinity/);
    expect(found).not.toBe("");
    // Whoever is told that something is wrong is told what to change.
    expect({ check, told: change !== null }).toEqual({ check, told: !["ok", "unknown"].includes(verdict) });
  }
  return diagnosis;
}

describe("fathom doctor", () => {
  test("looks at everything, and ends with 3 exactly when something is degraded", async () => {
    const { exitCode, stdout, stderr } = await runFathom(["doctor", "--json"]);
    expect(stderr).toBe("");
    const { verdict, sections } = checkShape(stdout);
    expect([0, 3]).toContain(exitCode);
    expect(exitCode === 3).toBe(verdict === "degraded");
    expect(sections.find(({ name }) => name === "engine")!.verdict).toBe("ok");
  });

  test("for people: each section, and what to type on a line of its own", async () => {
    const { stdout, stderr } = await runFathom(["doctor"]);
    expect(stderr).toBe("");
    for (const section of SECTIONS) expect(stdout).toContain(`\n${section}\n`);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .some((line) => /^\d+ ok/.test(line)),
    ).toBe(true);
    expect(stdout).not.toContain("\x1b[");
  });

  test("an interface that is not there is bad, and ends with 1", async () => {
    const args = ["doctor", "--json", "--set", "channels.0.lines.0.interface=nowhere0"];
    const { exitCode, stdout } = await runFathom(args);
    expect(exitCode).toBe(1);
    const network = checkShape(stdout).sections[0]!;
    expect(network.findings.find(({ check }) => check === "interface nowhere0")).toMatchObject({ verdict: "bad" });
  });

  test("an engine without its compiler is found out", async () => {
    const slow = await runFathom(["doctor", "--json"], { env: { BUN_JSC_useDFGJIT: "0" } });
    const engine = checkShape(slow.stdout).sections.find(({ name }) => name === "engine")!;
    expect(engine).toMatchObject({ verdict: "degraded", findings: [{ command: "unset BUN_JSC_useDFGJIT" }] });
    const blind = await runFathom(["doctor", "--json"], { env: { BUN_JSC_useJIT: "0" } });
    expect(blind.exitCode).toBe(1);
    const { sections } = checkShape(blind.stdout);
    expect(sections.find(({ name }) => name === "engine")).toMatchObject({ verdict: "bad" });
    expect(sections.find(({ name }) => name === "network")).toMatchObject({ findings: [{ verdict: "unknown" }] });
  });

  const canDrop = process.getuid?.() === 0 && findProgram("setpriv") !== null;
  test.skipIf(!canDrop)("works for nobody, without any right (needs root and setpriv)", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fathom-nobody-"));
    chmodSync(folder, 0o777);
    try {
      copyFileSync(fathomBinary(), join(folder, "fathom"));
      const drop = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all"];
      const env = { PATH: "/usr/bin:/bin", HOME: folder };
      const command = ["setpriv", ...drop, "--inh-caps=-all", join(folder, "fathom"), "doctor", "--json"];
      const child = Bun.spawn(command, { cwd: folder, env, stdout: "pipe", stderr: "pipe" });
      const [text, complaints] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      expect([0, 3]).toContain(await child.exited);
      expect(complaints).toBe("");
      const rights = checkShape(text).sections.find(({ name }) => name === "rights")!;
      const capabilities = rights.findings.find(({ check }) => check === "capabilities")!;
      expect(capabilities.found).toBe("user 65534 with none of those fathom can use");
      expect(capabilities.command).toStartWith("setcap cap_net_raw");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("fathom doctor --clock", () => {
  test("reports in the form of RTS 25, and ends with 0 only when the clock is kept within the bound", async () => {
    const { exitCode, stdout } = await runFathom(["doctor", "--clock", "--json"]);
    const report = JSON.parse(stdout);
    expect(exitCode).toBe(report.in_bound ? 0 : 3);
    expect(report.regulation).toContain("2017/574");
    expect(report.requirements.map((each: { divergence_max_ns: number }) => each.divergence_max_ns)).toEqual([
      100_000, 1_000_000, 1_000_000_000,
    ]);
    for (const { met, divergence_max_ns } of report.requirements) {
      expect(met).toBe(report.divergence.max_ns !== null && report.divergence.max_ns <= divergence_max_ns);
    }
    expect(report.granularity.clock_step_ns).toBeLessThanOrEqual(1_000_000);
    expect(report.stamping_points).toHaveLength(1);
    expect(report.measured_at).toMatch(/^\d{19}$/);
  });

  test("for people it is one page", async () => {
    const { stdout } = await runFathom(["doctor", "--clock"]);
    expect(stdout).toStartWith("Clock report, Commission Delegated Regulation (EU) 2017/574 (RTS 25)\n");
    for (const label of ["measured", "traceability", "divergence", "granularity", "stamping point"]) {
      expect(stdout).toContain(`\n${label}`);
    }
    expect(stdout).toContain("The operator must add:");
    expect(stdout.split("\n").length).toBeLessThan(60);
  });
});
