/**
 * Bearer tokens and their roles. Pure: reading and writing the file (mode 0600) is the composition root's.
 *
 * A token file has one `role token` a line; empty lines and lines that begin with # mean nothing.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { ExitStatus, FathomError } from "../core/assert.ts";

/** Each may do what the ones before it may. */
export const ROLES = ["read", "trade", "admin"] as const;
export type Role = (typeof ROLES)[number];

export interface Token {
  role: Role;
  token: string;
}

const TOKEN_BYTES = 32;
/** Characters of RFC 6750's b68token; long enough not to be guessed. */
const TOKEN_FORM = /^[A-Za-z0-9\-._~+/]{16,256}=*$/;

/** Whether `role` may do what needs `needed`. */
export function roleAllows(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/**
 * Reads a token file's text. Throws `FathomError` `bad-token-file` (exit 78) that names the line, never what is on it.
 * `path` is for the message only.
 */
export function parseTokens(text: string, path: string): Token[] {
  const tokens: Token[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    const [role, token, ...rest] = line.trim().split(/\s+/);
    const where = `${path}: line ${index + 1}`;
    if (!ROLES.includes(role as Role)) throw badFile(`${where}: the role is none of ${ROLES.join(", ")}`);
    if (token === undefined || rest.length > 0) throw badFile(`${where}: found other than a role and a token`);
    if (!TOKEN_FORM.test(token)) throw badFile(`${where}: the token is not 16 to 256 letters, digits and -._~+/`);
    tokens.push({ role: role as Role, token });
  }
  return tokens;
}

function badFile(message: string): FathomError {
  return new FathomError("bad-token-file", message, {
    exitStatus: ExitStatus.badConfig,
    hint: 'Write one "role token" a line, or remove the file: a new one is made at the next start.',
  });
}

/** The text of a token file, ready to be written. */
export function formatTokens(tokens: readonly Token[]): string {
  const lines = tokens.map(({ role, token }) => `${role} ${token}\n`);
  const head = `# fathom admin tokens: "role token" a line; the roles are ${ROLES.join(", ")}. Keep this file secret.`;
  return `${head}\n${lines.join("")}`;
}

/** A new token: 256 bits from the system's generator, 43 characters fit for a header and a URL fragment. */
export function generateToken(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES))).toString("base64url");
}

/** The role of a presented token, undefined when nobody has it. Takes as long whichever it is. */
export function roleOf(tokens: readonly Token[], presented: string): Role | undefined {
  const digest = sha256(presented);
  let role: Role | undefined;
  for (const token of tokens) {
    const same = timingSafeEqual(sha256(token.token), digest);
    if (same && (role === undefined || roleAllows(token.role, role))) role = token.role;
  }
  return role;
}

/** Hashed first, so that the comparison is of equal lengths and says nothing of the token's own. */
function sha256(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
