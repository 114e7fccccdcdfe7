/** A test that was singled out. */
import { describe, test } from "bun:test";

test.only("alone", () => {}); // canary: focused-test
describe.only("alone", () => {}); // canary: focused-test
test("a long suite is no long function", () => {});
describe("suite", () => {
  test("1", () => {});
  test("2", () => {});
  test("3", () => {});
  test("4", () => {});
  test("5", () => {});
  test("6", () => {});
  test("7", () => {});
  test("8", () => {});
  test("9", () => {});
  test("10", () => {});
});
