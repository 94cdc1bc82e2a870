// Server-sent events in distinct connections, by the reference client.
import assert from "node:assert/strict";
import { test } from "node:test";

import { createClient } from "graphql-sse";

import { graphql, patience } from "../lib/stack.mjs";

async function taken(query, count) {
  const client = createClient({ url: graphql, retryAttempts: 0 });
  const results = [];
  try {
    for await (const result of client.iterate({ query })) {
      results.push(result);
      if (results.length === count) break;
    }
  } finally {
    client.dispose();
  }
  return results;
}

test("a subscription gives each snapshot", { timeout: patience }, async () => {
  const results = await taken("subscription {snapshots {slot}}", 2);
  assert.ok(results[0].data.snapshots.slot < results[1].data.snapshots.slot);
});

test("a query gives one result and completes", { timeout: patience }, async () => {
  const results = await taken("{pnodes(first: 1) {totalCount}}", Infinity);
  assert.equal(results.length, 1);
  assert.ok(results[0].data.pnodes.totalCount > 0);
});

test("an operation that does not validate is told in the stream or refused", { timeout: patience }, async () => {
  const told = await taken("{nope}", 1).catch((refused) => refused);
  const text = JSON.stringify(told) + String(told.message ?? "");
  assert.match(text, /Bad Request|GRAPHQL_VALIDATION_FAILED/);
});

test("a stream is one only for a client that wants nothing else", async () => {
  const listed = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed";
  const kinds = {};
  for (const accept of [listed, "text/event-stream"]) {
    const response = await fetch(graphql, {
      method: "POST",
      headers: { "content-type": "application/json", accept },
      body: JSON.stringify({ query: "{__typename}" }),
    });
    kinds[accept] = response.headers.get("content-type").split(";")[0];
    await response.text();
  }
  assert.deepEqual(kinds, { [listed]: "application/graphql-response+json", "text/event-stream": "text/event-stream" });
});
