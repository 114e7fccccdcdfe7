/**
 * Where the rings of running nodes are found. A node makes its rings as pairs of files in a runtime folder of its own;
 * other processes list the folders, look at a ring from outside or attach to it by its path. Cold.
 *
 *     <runtime folder>/<ring>.ring   data: written by the node alone
 *     <runtime folder>/<ring>.ctl    control: readers' slots
 *
 * Always holds: what a node that ended has left behind, also one that was killed, is gone after the next `open`.
 */
import { assert, FathomError } from "../core/assert.ts";
import {
  listRuntimeFolders,
  makeRuntimeFolder,
  RUNTIME_BASE,
  type RuntimeFolder,
  sweepRuntimeFolders,
} from "../io/runtime-folder.ts";
import { SharedMemory } from "../io/shared-memory.ts";
import { EventRing, type EventRingOptions, eventRingBytes, type RingReport, readerSlotsBytes } from "./event-ring.ts";

const DATA_SUFFIX = ".ring";
const CONTROL_SUFFIX = ".ctl";
const NAME = /^[A-Za-z0-9._-]{1,60}$/;

/** A ring in a file, as found from outside. */
export interface RingPlace {
  /** Of the data file: what `openRing` and `inspectRing` take. */
  path: string;
  /** The ring's name, and that of its node. */
  name: string;
  node: string;
  pid: number;
  /** False: its node has ended without taking it away. */
  isLive: boolean;
}

/**
 * What the opener may do: `writer` writes records, `reader` has a slot and can hold back or be woken, `observer` only
 * looks and is seen by nobody.
 */
export type RingAccess = "writer" | "reader" | "observer";

/** A ring with the mappings it stands on. */
export interface MappedRing {
  readonly ring: EventRing;
  readonly path: string;
  /** Gives the memory back; the ring must not be used afterwards. */
  close(): void;
}

export class BusDirectory {
  readonly node: string;
  readonly #folder: RuntimeFolder;
  readonly #rings = new Map<string, MappedRing>();

  private constructor(node: string, folder: RuntimeFolder) {
    this.node = node;
    this.#folder = folder;
  }

  /**
   * Of a node that is starting; removes what ended nodes have left. `node`: letters, digits, `.`, `_`, `-`. Throws
   * `runtime-folder-unsafe`, `runtime-folder-failed`.
   */
  static open(node: string, base = RUNTIME_BASE): BusDirectory {
    assert(NAME.test(node), "a node's name of letters, digits, '.', '_', '-'");
    sweepRuntimeFolders(base);
    return new BusDirectory(node, makeRuntimeFolder(node, base));
  }

  /** Makes a ring that others can find. Throws `shared-memory-exists`, `shared-memory-full`, `shared-memory-failed`. */
  createRing(options: EventRingOptions): MappedRing {
    assert(NAME.test(options.name), "a ring's name of letters, digits, '.', '_', '-'");
    const path = `${this.#folder.path}/${options.name}${DATA_SUFFIX}`;
    const data = SharedMemory.createFile(path, eventRingBytes(options.capacityRecords));
    let control: SharedMemory;
    try {
      control = SharedMemory.createFile(controlPath(path), readerSlotsBytes(options.slotCount));
    } catch (error) {
      data.unlink();
      data.close();
      throw error;
    }
    const mapped = mappedRing(EventRing.create(data, control, options), path, data, control);
    this.#rings.set(path, mapped);
    return mapped;
  }

  /** Frees the slots of readers whose processes are gone; returns how many. About once a second, on any thread. */
  sweepReaders(): number {
    let sweptCount = 0;
    for (const { ring } of this.#rings.values()) sweptCount += ring.slots!.sweep();
    return sweptCount;
  }

  /** All rings made here, as `inspectRing` shows them. */
  report(): RingReport[] {
    return [...this.#rings.values()].map(({ ring }) => ring.report());
  }

  /** Takes everything away. Readers that have a ring mapped keep what is in it. */
  close(): void {
    for (const ring of this.#rings.values()) ring.close();
    this.#rings.clear();
    this.#folder.remove();
  }
}

/** The rings of all nodes of this user; for root, of all users. Also those that ended nodes have left. */
export function discoverRings(base = RUNTIME_BASE): RingPlace[] {
  return listRuntimeFolders(base).flatMap(({ path, name: node, pid, isLive, files }) =>
    files
      .filter((file) => file.endsWith(DATA_SUFFIX))
      .map((file) => ({ path: `${path}/${file}`, name: file.slice(0, -DATA_SUFFIX.length), node, pid, isLive })),
  );
}

/** Throws `shared-memory-missing`, `shared-memory-failed`, `ring-not-recognised`, `ring-version`. */
export function openRing(path: string, access: RingAccess): MappedRing {
  const data = SharedMemory.open(path, { isWritable: access === "writer" });
  let control: SharedMemory | undefined;
  try {
    data.closeDescriptor();
    control = SharedMemory.open(controlPath(path), { isWritable: access !== "observer" });
    control.closeDescriptor();
    return mappedRing(EventRing.attach(data, control), path, data, control);
  } catch (error) {
    control?.close();
    data.close();
    throw error;
  }
}

/** A ring and its readers as they are just now, without disturbing anybody. Throws as `openRing` does. */
export function inspectRing(path: string): RingReport {
  const opened = openRing(path, "observer");
  try {
    return opened.ring.report();
  } finally {
    opened.close();
  }
}

function mappedRing(ring: EventRing, path: string, data: SharedMemory, control: SharedMemory): MappedRing {
  return {
    ring,
    path,
    close: () => {
      data.close();
      control.close();
    },
  };
}

function controlPath(path: string): string {
  if (!path.endsWith(DATA_SUFFIX))
    throw new FathomError("ring-not-recognised", `${path} is no ring: its name does not end in ${DATA_SUFFIX}`);
  return path.slice(0, -DATA_SUFFIX.length) + CONTROL_SUFFIX;
}
