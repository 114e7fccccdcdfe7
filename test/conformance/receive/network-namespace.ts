/**
 * Network namespaces with a veth pair between them, made and entered by the test's own thread. They have no name and
 * hang on descriptors alone, so nothing is left behind even when a test dies. Needs root.
 */
import { dlopen } from "bun:ffi";
import { closeSync, openSync, writeFileSync } from "node:fs";

const CLONE_NEWNET = 0x40000000;
const NAMESPACE = "/proc/thread-self/ns/net";

const { setns, unshare } = dlopen("libc.so.6", {
  setns: { args: ["i32", "i32"], returns: "i32" },
  unshare: { args: ["i32"], returns: "i32" },
}).symbols;

export class NetworkNamespace {
  readonly fd: number;

  /** Throws when this process may not make one. */
  constructor() {
    const home = openSync(NAMESPACE, "r");
    try {
      if (unshare(CLONE_NEWNET) !== 0) throw new Error("this process may not make network namespaces");
      this.fd = openSync(NAMESPACE, "r");
      setns(home, CLONE_NEWNET);
    } finally {
      closeSync(home);
    }
  }

  /** Runs `body` with the calling thread in the namespace: sockets that it opens stay there. */
  enter<T>(body: () => T): T {
    const home = openSync(NAMESPACE, "r");
    try {
      if (setns(this.fd, CLONE_NEWNET) !== 0) throw new Error("cannot enter the network namespace");
      return body();
    } finally {
      setns(home, CLONE_NEWNET);
      closeSync(home);
    }
  }

  /** An `ip` command in the namespace. Throws what it says when it fails. */
  ip(...words: string[]): void {
    this.enter(() => {
      const { exitCode, stderr } = Bun.spawnSync(["ip", ...words], { stderr: "pipe" });
      if (exitCode !== 0) throw new Error(`ip ${words.join(" ")}: ${stderr.toString().trim()}`);
    });
  }

  /** Sets a switch under /proc/sys. */
  sysctl(name: string, value: string): void {
    this.enter(() => writeFileSync(`/proc/sys/${name.replaceAll(".", "/")}`, value));
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** Two namespaces, each with an interface `wire` at one end of a veth pair: 10.77.0.1 sends, 10.77.0.2 receives. */
export class Wire {
  readonly sending = new NetworkNamespace();
  readonly receiving = new NetworkNamespace();

  constructor() {
    try {
      const peer = `/proc/${process.pid}/fd/${this.receiving.fd}`;
      this.sending.ip("link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", peer);
      for (const [namespace, address] of [
        [this.sending, "10.77.0.1/24"],
        [this.receiving, "10.77.0.2/24"],
      ] as const) {
        // IPv6 would announce itself in between.
        namespace.sysctl("net.ipv6.conf.wire.disable_ipv6", "1");
        namespace.ip("link", "set", "lo", "up");
        namespace.ip("addr", "add", address, "dev", "wire");
        namespace.ip("link", "set", "wire", "up");
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.sending.close();
    this.receiving.close();
  }
}

/** Why there can be no wire here; undefined when there can. */
export function wireRefusal(): string | undefined {
  try {
    new Wire().close();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
