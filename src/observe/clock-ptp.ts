/**
 * ptp4l's word on the clock: the answers of `pmc` (linuxptp), parsed. Pure.
 *
 * Source: pmc(8) and IEEE 1588-2019: data sets (8.2), clock accuracy (table 5), time source (table 6). Checked against
 * linuxptp 3.1.1. Which lines there are differs between versions; what is not there is undefined, never guessed.
 */

/** What is asked. The last needs ptp4l's own socket, not its read-only one. */
export const PMC_QUESTIONS = [
  "GET CURRENT_DATA_SET",
  "GET TIME_STATUS_NP",
  "GET PARENT_DATA_SET",
  "GET TIME_PROPERTIES_DATA_SET",
  "GET PORT_DATA_SET",
  "GET PORT_PROPERTIES_NP",
] as const;

export interface PtpStatus {
  /** The clock minus its master, as ptp4l measured last; undefined before the first time. */
  readonly offsetNs: number | undefined;
  readonly meanPathDelayNs: number | undefined;
  readonly stepsRemoved: number | undefined;
  /** Whether another clock is the grandmaster. */
  readonly isGrandmasterPresent: boolean;
  /** "001d.c1ff.fe10.0203"-like identity as pmc writes it; "" when not said. */
  readonly grandmasterIdentity: string;
  readonly clockClass: number | undefined;
  /** What the grandmaster says it is within of its time scale; undefined: it does not know. */
  readonly grandmasterAccuracyNs: number | undefined;
  /** "GNSS", "atomic clock", …; "" when not said. */
  readonly timeSource: string;
  /** TAI minus UTC, where the master says that it is sure. */
  readonly utcOffsetSeconds: number | undefined;
  readonly isTimeTraceable: boolean;
  /** Of the port that follows a master, or the first. */
  readonly portState: string;
  /** A port is following a master (SLAVE; UNCALIBRATED does not count). */
  readonly isFollowing: boolean;
  /** Who stamps: the NIC, or the kernel. */
  readonly stamping: "hardware" | "software" | undefined;
  readonly interfaceName: string | undefined;
}

const ACCURACY_NS: Readonly<Record<number, number>> = {
  32: 25,
  33: 100,
  34: 250,
  35: 1e3,
  36: 2_500,
  37: 10e3,
  38: 25e3,
  39: 100e3,
  40: 250e3,
  41: 1e6,
  42: 2_500_000,
  43: 10e6,
  44: 25e6,
  45: 100e6,
  46: 250e6,
  47: 1e9,
  48: 10e9,
};

const TIME_SOURCES: Readonly<Record<number, string>> = {
  16: "atomic clock",
  32: "GNSS",
  48: "terrestrial radio",
  57: "serial time code",
  64: "PTP",
  80: "NTP",
  96: "set by hand",
  144: "another source",
  160: "an internal oscillator",
};

interface Answer {
  readonly dataSet: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** What pmc printed, or undefined when no answer of a ptp4l is in it. */
export function parsePmc(text: string): PtpStatus | undefined {
  const answers = parseAnswers(text);
  if (answers.length === 0) return undefined;
  const field = (dataSet: string, name: string) =>
    answers.find((answer) => answer.dataSet === dataSet)?.fields.get(name);
  const ports = answers.filter(({ dataSet }) => dataSet === "PORT_DATA_SET" || dataSet === "PORT_PROPERTIES_NP");
  const following = ports.find(({ fields }) => fields.get("portState") === "SLAVE");
  const properties = answers.filter(({ dataSet }) => dataSet === "PORT_PROPERTIES_NP");
  const port = properties.find(({ fields }) => fields.get("portState") === "SLAVE") ?? properties[0];
  const isFollowing = following !== undefined;
  return {
    offsetNs: isFollowing
      ? (number(field("TIME_STATUS_NP", "master_offset")) ?? number(field("CURRENT_DATA_SET", "offsetFromMaster")))
      : undefined,
    meanPathDelayNs: number(field("CURRENT_DATA_SET", "meanPathDelay")),
    stepsRemoved: number(field("CURRENT_DATA_SET", "stepsRemoved")),
    isGrandmasterPresent: field("TIME_STATUS_NP", "gmPresent") === "true",
    grandmasterIdentity: field("PARENT_DATA_SET", "grandmasterIdentity") ?? field("TIME_STATUS_NP", "gmIdentity") ?? "",
    clockClass: number(field("PARENT_DATA_SET", "gm.ClockClass")),
    grandmasterAccuracyNs: ACCURACY_NS[number(field("PARENT_DATA_SET", "gm.ClockAccuracy")) ?? -1],
    timeSource: TIME_SOURCES[number(field("TIME_PROPERTIES_DATA_SET", "timeSource")) ?? -1] ?? "",
    utcOffsetSeconds:
      field("TIME_PROPERTIES_DATA_SET", "currentUtcOffsetValid") === "1"
        ? number(field("TIME_PROPERTIES_DATA_SET", "currentUtcOffset"))
        : undefined,
    isTimeTraceable: field("TIME_PROPERTIES_DATA_SET", "timeTraceable") === "1",
    portState: (following ?? ports[0])?.fields.get("portState") ?? "",
    isFollowing,
    stamping: stampingOf(port?.fields.get("timestamping")),
    interfaceName: port?.fields.get("interface"),
  };
}

/**
 * How far the clock that ptp4l keeps can be from its grandmaster's time scale: |offset| + the mean path delay (the most
 * that unequal ways can hide) + what the grandmaster says of itself. Undefined when one of the three is not known.
 */
export function ptpErrorBoundNs(status: PtpStatus): number | undefined {
  const { offsetNs, meanPathDelayNs, grandmasterAccuracyNs } = status;
  if (offsetNs === undefined || meanPathDelayNs === undefined || grandmasterAccuracyNs === undefined) return undefined;
  return Math.abs(offsetNs) + Math.abs(meanPathDelayNs) + grandmasterAccuracyNs;
}

/** Blocks of "\t<port> seq <n> RESPONSE MANAGEMENT <data set>" and "\t\t<name> <value>" lines below each. */
function parseAnswers(text: string): Answer[] {
  const answers: (Answer & { fields: Map<string, string> })[] = [];
  let isAnswer = false;
  for (const line of text.split("\n")) {
    const head = /^\s*\S+ seq \d+ (.+?)\s*$/.exec(line);
    if (head) {
      const dataSet = /^RESPONSE MANAGEMENT (\w+)$/.exec(head[1]!)?.[1];
      isAnswer = dataSet !== undefined;
      if (dataSet !== undefined) answers.push({ dataSet, fields: new Map() });
      continue;
    }
    const pair = /^\s+(\S+)\s+(.*?)\s*$/.exec(line);
    if (pair && isAnswer) answers.at(-1)!.fields.set(pair[1]!, pair[2]!);
  }
  return answers;
}

function number(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function stampingOf(text: string | undefined): PtpStatus["stamping"] {
  if (text === undefined) return undefined;
  return text === "SOFTWARE" ? "software" : /HARDWARE|ONESTEP|P2P1STEP/.test(text) ? "hardware" : undefined;
}
