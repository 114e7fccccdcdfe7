/** Network interfaces: from what an operator writes (a name or an IPv4 address) to what the kernel wants (an index). */
import { networkInterfaces } from "node:os";
import { ExitStatus, FathomError } from "../core/assert.ts";
import { addressOf, asPointer, libc } from "./libc.ts";

export interface NetworkInterface {
  readonly name: string;
  /** The kernel's number for it. */
  readonly index: number;
  /** Its first IPv4 address, "" when it has none. */
  readonly address: string;
}

/** The interfaces that are up, in the system's order. */
export function listInterfaces(): NetworkInterface[] {
  const found: NetworkInterface[] = [];
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const ipv4 = addresses?.find((entry) => entry.family === "IPv4");
    found.push({ name, index: interfaceIndex(name), address: ipv4?.address ?? "" });
  }
  return found;
}

/** "eth0" or "10.0.0.5" → the interface. Throws `interface-not-found`, naming those that there are. */
export function resolveInterface(nameOrAddress: string): NetworkInterface {
  const all = listInterfaces();
  for (const candidate of all) if (candidate.name === nameOrAddress) return candidate;
  for (const [name, addresses] of Object.entries(networkInterfaces()))
    for (const entry of addresses ?? [])
      if (entry.family === "IPv4" && entry.address === nameOrAddress)
        return { name, index: interfaceIndex(name), address: entry.address };
  // An interface that is up without any address is not in the system's list, but it can still be joined on by name.
  const index = interfaceIndex(nameOrAddress);
  if (index > 0) return { name: nameOrAddress, index, address: "" };
  const names = all.map((known) => (known.address ? `${known.name} (${known.address})` : known.name)).join(", ");
  throw new FathomError("interface-not-found", `no network interface "${nameOrAddress}"; there are: ${names}`, {
    exitStatus: ExitStatus.failure,
    hint: "give one of these names, or its IPv4 address",
  });
}

function interfaceIndex(name: string): number {
  if (name.length === 0 || name.length > 15) return 0;
  const text = new Uint8Array(new ArrayBuffer(16));
  for (let i = 0; i < name.length; i++) text[i] = name.charCodeAt(i);
  return libc().if_nametoindex(asPointer(addressOf(text)));
}
