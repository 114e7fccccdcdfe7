/** The admin API of a running appliance: its tokens, its listeners, and what both need of the machine. */
import { dirname } from "node:path";
import type { ApplianceReader } from "../admin/contract.ts";
import { type AdminServer, createAdminServer } from "../admin/server.ts";
import { formatTokens, generateToken, parseTokens, type Token } from "../admin/tokens.ts";
import { ensureFolder, isReadableByOthers, removeSocketFile, writePrivateFile } from "../io/private-file.ts";
import { fileExists, readTextFile } from "../io/text-file.ts";
import { every } from "../io/timer.ts";
import type { Log } from "./log.ts";
import type { AdminSettings } from "./settings.ts";

export interface AdminService {
  server: AdminServer;
  tokens: readonly Token[];
  stop(): Promise<void>;
}

/**
 * Starts listening where the settings say. Tokens come from the token file, which is made at the first start. Errors:
 * those of `createAdminServer`, `bad-token-file`, `file-unwritable`.
 */
export async function startAdmin(appliance: ApplianceReader, settings: AdminSettings, log: Log): Promise<AdminService> {
  const { listen, socket } = settings;
  const tokens = listen ? loadTokens(settings.tokenFile, log) : [];
  if (socket !== "") ensureFolder(dirname(socket));
  const server = await createAdminServer(appliance, {
    tokens,
    hostNames: settings.allowedHosts,
    unixPath: socket === "" ? undefined : socket,
    tcp: listen ? { hostname: listen.address, port: listen.port } : undefined,
    removeSocketFile,
    every,
    onBug: (error, { method, path }) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log.error("a request failed by a bug in fathom", { method, path, error: text });
    },
  });
  const stop = async () => {
    await server.stop();
    if (socket !== "") removeSocketFile(socket);
  };
  return { server, tokens, stop };
}

function loadTokens(path: string, log: Log): Token[] {
  if (!fileExists(path)) {
    const tokens: Token[] = [{ role: "admin", token: generateToken() }];
    writePrivateFile(path, formatTokens(tokens));
    log.info("made a token file", { path });
    return tokens;
  }
  if (isReadableByOthers(path)) log.warn("others may read the token file", { path, help: `chmod 600 ${path}` });
  return parseTokens(readTextFile(path), path);
}
