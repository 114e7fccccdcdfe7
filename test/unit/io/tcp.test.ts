/** Polled TCP over the loopback. */
import { afterEach, expect, test } from "bun:test";
import { FathomError } from "../../../src/core/assert.ts";
import { connectTcp, listenTcp, type TcpStream } from "../../../src/io/tcp.ts";
import { turnUntil } from "../../support/net-await.ts";

const opened: { close(): void }[] = [];
function keep<T extends { close(): void }>(one: T): T {
  opened.push(one);
  return one;
}
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

function pair(): { client: TcpStream; server: TcpStream } {
  const listener = keep(listenTcp({ address: "127.0.0.1", port: 0 }));
  const client = keep(connectTcp("localhost", listener.localPort));
  let server: TcpStream | undefined;
  turnUntil(
    "the connection",
    () => server !== undefined && client.poll() === "open",
    () => {
      server ??= listener.accept();
    },
  );
  return { client, server: keep(server!) };
}

test("bytes go both ways", () => {
  const { client, server } = pair();
  expect(server.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(client.send(new Uint8Array([0, 1, 2, 3]), 1, 3)).toBe(3);
  const bytes = new Uint8Array(8);
  let received = 0;
  turnUntil(
    "the bytes",
    () => received === 3,
    () => {
      received += server.receive(bytes, 2 + received, 6 - received);
    },
  );
  expect([...bytes]).toEqual([0, 0, 1, 2, 3, 0, 0, 0]);
  expect(server.receive(bytes, 0, 8)).toBe(0);
});

test("a sender is told when there is no room, and everything arrives in order", () => {
  const { client, server } = pair();
  const chunk = new Uint8Array(65_536).map((_, i) => i % 251);
  let sent = 0;
  for (;;) {
    const n = client.send(chunk, sent % 65_536, 65_536 - (sent % 65_536));
    if (n === 0) break;
    sent += n;
  }
  const bytes = new Uint8Array(65_536);
  let received = 0;
  let wrong = 0;
  turnUntil(
    "all of it",
    () => received === sent,
    () => {
      for (let n = server.receive(bytes, 0, bytes.length); n > 0; n = server.receive(bytes, 0, bytes.length))
        for (let i = 0; i < n; i++) if (bytes[i] !== (received++ % 65_536) % 251) wrong++;
    },
  );
  expect(sent).toBeGreaterThan(100_000);
  expect(wrong).toBe(0);
});

test("an orderly close is an end without an error, after the last bytes", () => {
  const { client, server } = pair();
  client.send(new Uint8Array([7]), 0, 1);
  client.close();
  const bytes = new Uint8Array(4);
  const results: number[] = [];
  turnUntil(
    "the end",
    () => server.state === "closed",
    () => results.push(server.receive(bytes, 0, 4)),
  );
  expect(results.filter((n) => n !== 0)).toEqual([1, -1]);
  expect(server.error).toBeUndefined();
  expect(server.send(bytes, 0, 1)).toBe(-1);
  expect(client.receive(bytes, 0, 1)).toBe(-1);
});

test("writing to a peer that is gone is an error and no signal", () => {
  const { client, server } = pair();
  client.close();
  turnUntil(
    "the error",
    () => server.state === "closed",
    () => server.send(new Uint8Array(1000), 0, 1000),
  );
  expect(server.error).toMatch(/^(EPIPE|ECONNRESET): /);
});

test("nobody listening is told", () => {
  const listener = listenTcp({ address: "127.0.0.1", port: 0 });
  const port = listener.localPort;
  listener.close();
  const stream = keep(connectTcp("127.0.0.1", port));
  turnUntil(
    "the refusal",
    () => stream.poll() === "closed",
    () => {},
  );
  expect(stream.error).toBe("ECONNREFUSED: nobody listens there");
});

test("a port that is taken, and a host that is no address", () => {
  const listener = keep(listenTcp({ address: "127.0.0.1", port: 0 }));
  const again = () => listenTcp({ address: "127.0.0.1", port: listener.localPort });
  expect(again).toThrow(FathomError);
  expect(again).toThrow(`127.0.0.1:${listener.localPort} is in use`);
  expect(() => connectTcp("example.invalid", 1)).toThrow('"example.invalid" is not an IPv4 address');
});
