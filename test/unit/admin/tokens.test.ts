/** Promises: a token file is read back as written; a bad line is named and never shown; roles are ordered. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatTokens, generateToken, parseTokens, ROLES, roleAllows, roleOf } from "../../../src/admin/tokens.ts";
import { FathomError } from "../../../src/core/assert.ts";

const token = fc.stringMatching(/^[A-Za-z0-9\-._~+/]{16,64}$/);

describe("token file", () => {
  test("is read back as it was written", () => {
    const tokens = fc.array(fc.record({ role: fc.constantFrom(...ROLES), token }), { maxLength: 8 });
    fc.assert(fc.property(tokens, (list) => expect(parseTokens(formatTokens(list), "f")).toEqual(list)));
  });

  test("comments, empty lines, spaces and CRLF mean nothing", () => {
    const text = "# head\r\n\r\n  admin \t abcdefghijklmnop  \r\n  # more\n";
    expect(parseTokens(text, "f")).toEqual([{ role: "admin", token: "abcdefghijklmnop" }]);
  });

  test.each([
    ["root abcdefghijklmnop", "line 2"],
    ["admin", "line 2"],
    ["admin short-secret", "line 2"],
    ["admin abcdefghijklmnop more-secret", "line 2"],
    ["admin abcdefgh,jklmnop", "line 2"],
  ])("%p is refused by line, exit 78, without showing what is on it", (line, where) => {
    const error = thrownBy(() => parseTokens(`# first\n${line}\n`, "/etc/tokens"));
    expect(error).toBeInstanceOf(FathomError);
    expect(error).toMatchObject({ code: "bad-token-file", exitStatus: 78 });
    expect(error.message).toContain(`/etc/tokens: ${where}`);
    expect(error.message).not.toContain(line.split(" ").at(-1) === "admin" ? "\0" : line.split(" ").at(-1)!);
  });
});

test("generated tokens pass through a file and a header, and do not repeat", () => {
  const tokens = Array.from({ length: 100 }, generateToken);
  expect(new Set(tokens).size).toBe(100);
  for (const value of tokens) expect(value).toMatch(/^[A-Za-z0-9_-]{43}$/);
  const list = tokens.map((value) => ({ role: "read" as const, token: value }));
  expect(parseTokens(formatTokens(list), "f")).toEqual(list);
});

describe("roles", () => {
  test("each may do what the ones before it may", () => {
    expect(roleAllows("read", "read")).toBeTrue();
    expect(roleAllows("read", "trade")).toBeFalse();
    expect(roleAllows("trade", "admin")).toBeFalse();
    expect(roleAllows("admin", "trade")).toBeTrue();
  });

  test("a token has its role, the best one where it stands twice, and a stranger has none", () => {
    const tokens = [
      { role: "read", token: "aaaaaaaaaaaaaaaa" },
      { role: "admin", token: "bbbbbbbbbbbbbbbb" },
      { role: "trade", token: "aaaaaaaaaaaaaaaa" },
    ] as const;
    expect(roleOf(tokens, "aaaaaaaaaaaaaaaa")).toBe("trade");
    expect(roleOf(tokens, "bbbbbbbbbbbbbbbb")).toBe("admin");
    for (const stranger of ["", "aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaa", "AAAAAAAAAAAAAAAA"]) {
      expect(roleOf(tokens, stranger)).toBeUndefined();
    }
  });
});

function thrownBy(work: () => unknown): FathomError {
  try {
    work();
  } catch (error) {
    return error as FathomError;
  }
  throw new Error("nothing was thrown");
}
