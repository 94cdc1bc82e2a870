// urql, which lists event streams in the Accept header of every request.
import assert from "node:assert/strict";
import { test } from "node:test";

import { cacheExchange, Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { graphql, patience, socket } from "../lib/stack.mjs";

const NODES = "query FirstNode {pnodes(first: 1) {totalCount nodes {id}}}";
const SNAPSHOTS = "subscription {snapshots {slot}}";

function client(options = {}) {
  return new Client({ url: graphql, exchanges: [cacheExchange, fetchExchange], preferGetMethod: false, ...options });
}

/** The first result of an operation that goes on. */
function first(source) {
  return new Promise((resolve) => {
    const { unsubscribe } = source.subscribe((result) => {
      resolve(result);
      queueMicrotask(unsubscribe);
    });
  });
}

for (const preferGetMethod of [false, "force"]) {
  test(`a query by ${preferGetMethod ? "GET" : "POST"}`, async () => {
    const { data, error } = await client({ preferGetMethod }).query(NODES, {}).toPromise();
    assert.equal(error, undefined);
    assert.equal(data.pnodes.nodes.length, 1);
  });
}

test("an operation that does not validate tells its code", async () => {
  const { error } = await client().query("{nope}", {}).toPromise();
  assert.equal(error.graphQLErrors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
});

test("a subscription over server-sent events", { timeout: patience }, async () => {
  const { data, error } = await first(client({ fetchSubscriptions: true }).subscription(SNAPSHOTS, {}));
  assert.equal(error, undefined);
  assert.ok(data.snapshots.slot > 0);
});

test("a subscription over WebSocket", { timeout: patience }, async () => {
  const connection = createClient({ url: socket, webSocketImpl: WebSocket, retryAttempts: 0 });
  const forwardSubscription = ({ query, variables }) => ({
    subscribe: (sink) => ({ unsubscribe: connection.subscribe({ query, variables }, sink) }),
  });
  const exchanges = [fetchExchange, subscriptionExchange({ forwardSubscription })];
  try {
    const { data, error } = await first(client({ exchanges }).subscription(SNAPSHOTS, {}));
    assert.equal(error, undefined);
    assert.ok(data.snapshots.slot > 0);
  } finally {
    await connection.dispose();
  }
});
