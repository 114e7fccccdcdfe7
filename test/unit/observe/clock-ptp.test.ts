/** pmc's answers, as linuxptp 3.1.1 prints them. */
import { describe, expect, test } from "bun:test";
import { parsePmc, ptpErrorBoundNs } from "../../../src/observe/clock-ptp.ts";
import { pmcText } from "../../support/pmc-answers.ts";

describe("pmc", () => {
  test("a port with hardware stamps that follows a grandmaster on GNSS", () => {
    expect(parsePmc(pmcText())).toEqual({
      offsetNs: -21,
      meanPathDelayNs: 1983,
      stepsRemoved: 1,
      isGrandmasterPresent: true,
      grandmasterIdentity: "ee89af.fffe.c1e4c4",
      clockClass: 6,
      grandmasterAccuracyNs: 100,
      timeSource: "GNSS",
      utcOffsetSeconds: 37,
      isTimeTraceable: true,
      portState: "SLAVE",
      isFollowing: true,
      stamping: "hardware",
      interfaceName: "enp1s0f0",
    });
  });

  test("the bound: |offset| + mean path delay + the grandmaster's accuracy; none when one of them is unknown", () => {
    expect(ptpErrorBoundNs(parsePmc(pmcText())!)).toBe(21 + 1983 + 100);
    expect(ptpErrorBoundNs(parsePmc(pmcText({ "gm.ClockAccuracy": "0xfe" }))!)).toBeUndefined();
    expect(ptpErrorBoundNs(parsePmc(pmcText({ portState: "UNCALIBRATED" }))!)).toBeUndefined();
  });

  test.each(["LISTENING", "UNCALIBRATED", "MASTER", "FAULTY"])("a port in state %s follows nobody", (portState) => {
    const status = parsePmc(pmcText({ portState }))!;
    expect(status).toMatchObject({ isFollowing: false, offsetNs: undefined, portState });
  });

  test("a master that is not sure of UTC gives no offset to it", () => {
    expect(parsePmc(pmcText({ currentUtcOffsetValid: "0" }))!.utcOffsetSeconds).toBeUndefined();
  });

  test("a boundary clock: the port that follows counts, wherever it stands", () => {
    const second = pmcText({ portState: "MASTER", interface: "enp1s0f1" });
    const status = parsePmc(second + pmcText())!;
    expect(status).toMatchObject({ isFollowing: true, portState: "SLAVE", interfaceName: "enp1s0f0" });
  });

  test("what was not answered is not known; a refusal is no answer", () => {
    const only = pmcText().split("\tee89af").at(0)!.split("\n").slice(0, 5).join("\n");
    expect(parsePmc(only)).toMatchObject({ isFollowing: false, stamping: undefined, timeSource: "" });
    const refused = "\t86d8a9.fffe.66e92a-0 seq 0 MANAGEMENT_ERROR_STATUS PORT_PROPERTIES_NP \n\t\tportState SLAVE\n";
    expect(parsePmc(refused)).toBeUndefined();
    expect(parsePmc("sending: GET CURRENT_DATA_SET\n")).toBeUndefined();
    expect(parsePmc("")).toBeUndefined();
  });
});
