// graphql-transport-ws, by the reference client and frame by frame.
import assert from "node:assert/strict";
import { test } from "node:test";

import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { converse, PROTOCOL } from "../lib/raw-socket.mjs";
import { allowedOrigin, patience, socket, socketsPerAddress, strictSocket } from "../lib/stack.mjs";

const INIT = { type: "connection_init" };
const ACKNOWLEDGED = { type: "connection_ack" };
const SNAPSHOTS = "subscription {snapshots {slot}}";
const FOREIGN_ORIGIN = "https://elsewhere.example";
const subscribe = (payload, id = "1") => ({ type: "subscribe", id, payload });

async function connected(work) {
  const client = createClient({ url: socket, webSocketImpl: WebSocket, retryAttempts: 0 });
  try {
    return await work(client);
  } finally {
    await client.dispose();
  }
}

/** The first results of an operation, after which it is left. */
async function taken(client, query, count) {
  const results = [];
  for await (const result of client.iterate({ query })) {
    results.push(result);
    if (results.length === count) break;
  }
  return results;
}

test("a subscription gives each snapshot", { timeout: patience }, async () => {
  const results = await connected((client) => taken(client, SNAPSHOTS, 2));
  const slots = results.map((result) => result.data.snapshots.slot);
  assert.ok(slots[0] < slots[1], `slots ${slots} are not in order`);
});

test("a query gives one result", { timeout: patience }, async () => {
  const results = await connected((client) => taken(client, "{pnodes(first: 1) {totalCount}}", Infinity));
  assert.equal(results.length, 1);
  assert.ok(results[0].data.pnodes.totalCount > 0);
});

test("two subscriptions run side by side", { timeout: patience }, async () => {
  const slots = await connected((client) =>
    Promise.all([taken(client, SNAPSHOTS, 1), taken(client, "subscription {snapshots {slot takenAt}}", 1)]),
  );
  assert.equal(slots[0][0].data.snapshots.slot, slots[1][0].data.snapshots.slot);
});

test("a subscription that is left early leaves the connection usable", { timeout: patience }, async () => {
  await connected(async (client) => {
    await new Promise((resolve, reject) => {
      const leave = client.subscribe({ query: SNAPSHOTS }, { next: () => leave(), error: reject, complete: resolve });
    });
    const [result] = await taken(client, "{__typename}", 1);
    assert.deepEqual(result.data, { __typename: "Query" });
  });
});

test("an operation that does not validate is an error message", { timeout: patience }, async () => {
  const errors = await connected((client) => taken(client, "{nope}", 1).then(assert.fail, (error) => error));
  assert.equal(errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
});

test("a ping is answered with its payload", async () => {
  const { received } = await converse(socket, [INIT, { type: "ping", payload: { at: 1 } }], { enough: 2 });
  assert.deepEqual(received, [ACKNOWLEDGED, { type: "pong", payload: { at: 1 } }]);
});

test("a null payload of connection_init is acknowledged", async () => {
  const { received } = await converse(socket, [{ ...INIT, payload: null }], { enough: 1 });
  assert.deepEqual(received, [ACKNOWLEDGED]);
});

test("results come in text frames", async () => {
  const { received } = await converse(socket, [INIT, subscribe({ query: "{__typename}" })], { enough: 3 });
  assert.deepEqual(
    received.map((frame) => frame.type),
    ["connection_ack", "next", "complete"],
  );
});

const BREACHES = [
  ["not JSON", 4400, ["nonsense"]],
  ["a binary frame", 4400, [Buffer.from(JSON.stringify(INIT))]],
  ["an unknown type", 4400, [INIT, { type: "nope" }]],
  ["no type", 4400, [INIT, {}]],
  ["an array", 4400, [INIT, "[1]"]],
  ["a bare string", 4400, [INIT, '"subscribe"']],
  ["a bare null", 4400, [INIT, "null"]],
  ["an id that is an object", 4400, [INIT, subscribe({ query: "{__typename}" }, { a: 1 })]],
  ["an id that is a number", 4400, [INIT, subscribe({ query: "{__typename}" }, 1)]],
  ["an empty id", 4400, [INIT, subscribe({ query: "{__typename}" }, "")]],
  ["no payload", 4400, [INIT, { type: "subscribe", id: "1" }]],
  ["a query that is a number", 4400, [INIT, subscribe({ query: 5 })]],
  ["no query", 4400, [INIT, subscribe({})]],
  ["variables that are a list", 4400, [INIT, subscribe({ query: "{__typename}", variables: [1] })]],
  ["an operationName that is a list", 4400, [INIT, subscribe({ query: "{__typename}", operationName: ["a"] })]],
  ["a connection_init whose payload is a number", 4400, [{ ...INIT, payload: 5 }]],
  ["subscribe before connection_init", 4401, [subscribe({ query: "{__typename}" })]],
  ["no connection_init in time", 4408, []],
  ["an id in use", 4409, [INIT, subscribe({ query: SNAPSHOTS }), subscribe({ query: SNAPSHOTS })]],
  ["a second connection_init", 4429, [INIT, INIT]],
];

for (const [what, code, frames] of BREACHES) {
  test(`${what}: closed with ${code}`, async () => {
    const told = await converse(socket, frames);
    assert.equal(told.code, code, JSON.stringify(told));
    assert.notEqual(told.reason, "");
  });
}

test("a frame over 64 KiB: closed with 1009 or 4400", async () => {
  const { code } = await converse(socket, [INIT, subscribe({ query: `#${"x".repeat(65_536)}` })]);
  assert.ok(code === 1009 || code === 4400, `closed with ${code}`);
});

test("a frame of 20 MiB: closed with 1009 or 4400", async () => {
  const { code } = await converse(socket, [INIT, subscribe({ query: `#${"x".repeat(20 * 2 ** 20)}` })]);
  // The server stops reading in the middle; a close frame that crosses with what is sent can be lost.
  assert.ok([1009, 4400, 1006].includes(code), `closed with ${code}`);
});

test("no subprotocol: closed with 4406", async () => {
  assert.equal((await converse(socket, [INIT], { protocols: [] })).code, 4406);
});

test("the legacy subprotocol graphql-ws: closed with 4406", async () => {
  // Offered by hand: the library would hang up by itself when the server does not take it.
  const headers = { "Sec-WebSocket-Protocol": "graphql-ws" };
  assert.equal((await converse(socket, [INIT], { protocols: [], headers })).code, 4406);
});

test("our subprotocol is taken where others are offered too", async () => {
  const { received } = await converse(socket, [INIT], { protocols: ["graphql-ws", PROTOCOL], enough: 1 });
  assert.deepEqual(received, [ACKNOWLEDGED]);
});

test("a foreign origin is let in by default", async () => {
  const { received } = await converse(socket, [INIT], { headers: { Origin: FOREIGN_ORIGIN }, enough: 1 });
  assert.deepEqual(received, [ACKNOWLEDGED]);
});

for (const origin of [FOREIGN_ORIGIN, "null", `${allowedOrigin}.elsewhere.example`, allowedOrigin.toUpperCase() + "/"]) {
  test(`with ALLOWED_ORIGINS the origin ${origin} is refused with 403`, async () => {
    const { opened, status } = await converse(strictSocket, [INIT], { headers: { Origin: origin } });
    assert.deepEqual({ opened, status }, { opened: false, status: 403 });
  });
}

test("with ALLOWED_ORIGINS the listed origin is let in", async () => {
  const { received } = await converse(strictSocket, [INIT], { headers: { Origin: allowedOrigin }, enough: 1 });
  assert.deepEqual(received, [ACKNOWLEDGED]);
});

test("with ALLOWED_ORIGINS a client that is no browser is let in", async () => {
  const { received } = await converse(strictSocket, [INIT], { enough: 1 });
  assert.deepEqual(received, [ACKNOWLEDGED]);
});

test("an address that has all its sockets gets no more, until one of them closes", async () => {
  const sockets = [];
  const opening = () =>
    new Promise((resolve) => {
      const opened = new WebSocket(strictSocket, [PROTOCOL]);
      sockets.push(opened);
      opened.on("open", () => resolve(101));
      opened.on("unexpected-response", (request, response) => resolve(response.statusCode));
      opened.on("error", () => {});
    });
  try {
    const statuses = [];
    for (let number = 0; number <= socketsPerAddress; number++) statuses.push(await opening());
    assert.deepEqual(statuses, [...Array(socketsPerAddress).fill(101), 429]);
    const closed = new Promise((resolve) => sockets[0].on("close", resolve));
    sockets[0].close();
    await closed;
    // The server may learn of the close after the client.
    let status = await opening();
    for (let tries = 0; status === 429 && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      status = await opening();
    }
    assert.equal(status, 101);
  } finally {
    for (const opened of sockets) opened.terminate();
  }
});
