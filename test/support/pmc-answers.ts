/** What pmc prints of a ptp4l that follows a grandmaster, in linuxptp 3.1.1's layout. */
const ANSWERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  CURRENT_DATA_SET: { stepsRemoved: "1", offsetFromMaster: "-21.0", meanPathDelay: "1983.0" },
  TIME_STATUS_NP: {
    master_offset: "-21",
    ingress_time: "1795339817472734746",
    cumulativeScaledRateOffset: "+0.000000000",
    scaledLastGmPhaseChange: "0",
    gmTimeBaseIndicator: "0",
    lastGmPhaseChange: "0x0000'0000000000000000.0000",
    gmPresent: "true",
    gmIdentity: "ee89af.fffe.c1e4c4",
  },
  PARENT_DATA_SET: {
    parentPortIdentity: "ee89af.fffe.c1e4c4-1",
    parentStats: "0",
    observedParentOffsetScaledLogVariance: "0xffff",
    observedParentClockPhaseChangeRate: "0x7fffffff",
    grandmasterPriority1: "128",
    "gm.ClockClass": "6",
    "gm.ClockAccuracy": "0x21",
    "gm.OffsetScaledLogVariance": "0x4e5d",
    grandmasterPriority2: "128",
    grandmasterIdentity: "ee89af.fffe.c1e4c4",
  },
  TIME_PROPERTIES_DATA_SET: {
    currentUtcOffset: "37",
    leap61: "0",
    leap59: "0",
    currentUtcOffsetValid: "1",
    ptpTimescale: "1",
    timeTraceable: "1",
    frequencyTraceable: "1",
    timeSource: "0x20",
  },
  PORT_DATA_SET: {
    portIdentity: "86d8a9.fffe.66e92a-1",
    portState: "SLAVE",
    logMinDelayReqInterval: "0",
    peerMeanPathDelay: "0",
  },
  PORT_PROPERTIES_NP: {
    portIdentity: "86d8a9.fffe.66e92a-1",
    portState: "SLAVE",
    timestamping: "HARDWARE",
    interface: "enp1s0f0",
  },
};

/** The whole output, with these fields changed wherever they stand. */
export function pmcText(changes: Readonly<Record<string, string>> = {}): string {
  const sets = Object.entries(ANSWERS);
  // pmc says all that it asks first; answers may come in between.
  const asked = sets.map(([name]) => `sending: GET ${name}\n`);
  const answered = sets.map(([name, fields], i) => {
    const lines = Object.entries(fields).map(
      ([field, value]) => `\t\t${field.padEnd(24)} ${changes[field] ?? value}\n`,
    );
    return `\t86d8a9.fffe.66e92a-0 seq ${i} RESPONSE MANAGEMENT ${name} \n${lines.join("")}`;
  });
  return [asked[0], answered[0], ...asked.slice(1), ...answered.slice(1)].join("");
}
