/**
 * Counters as Prometheus text exposition format 0.0.4. Cold: runs when somebody scrapes.
 *
 * Source: Prometheus documentation, "Exposition formats".
 */
import type { CounterSpec, Counters } from "../core/counters.ts";

const PREFIX = "fathom_";

/** One sample that is not in a `Counters` block (process memory, build information). */
export interface Sample extends CounterSpec {
  readonly value: number;
}

/** All blocks and single samples, grouped by metric name, in the order in which the names first come. */
export function renderMetrics(blocks: readonly Counters[], samples: readonly Sample[] = []): string {
  const families = new Map<string, { spec: CounterSpec; lines: string[] }>();
  const put = (spec: CounterSpec, value: number) => {
    const family = families.get(spec.metric) ?? { spec, lines: [] };
    families.set(spec.metric, family);
    family.lines.push(`${PREFIX}${spec.metric}${labelText(spec.labels)} ${valueText(value)}`);
  };
  for (const block of blocks) {
    for (const [i, key] of block.keys.entries()) put(block.specs[key]!, block.values[i]!);
  }
  for (const sample of samples) put(sample, sample.value);
  let text = "";
  for (const [metric, { spec, lines }] of families) {
    text += `# HELP ${PREFIX}${metric} ${spec.help.replace(/[\\\n]/g, " ")}\n# TYPE ${PREFIX}${metric} ${spec.kind}\n`;
    text += `${lines.join("\n")}\n`;
  }
  return text;
}

function labelText(labels: CounterSpec["labels"]): string {
  const pairs = Object.entries(labels ?? {}).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? String(value) : value > 0 ? "+Inf" : "-Inf";
}
