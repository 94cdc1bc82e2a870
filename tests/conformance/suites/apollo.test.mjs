// Apollo Client as web pages use it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { ApolloClient, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { CombinedGraphQLErrors, ServerError } from "@apollo/client/errors";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createClient } from "graphql-ws";
import { firstValueFrom } from "rxjs";
import WebSocket from "ws";

import { graphql, patience, socket } from "../lib/stack.mjs";

const NODES = gql`
  query FirstNode {
    pnodes(first: 1) {
      totalCount
      nodes {
        id
        address
      }
    }
  }
`;

/** A client, and the requests that it has made. */
function watched(options = {}, wrap = (link) => link) {
  const requests = [];
  const watching = async (url, init) => {
    requests.push({ method: init.method ?? "GET", url: new URL(url), body: init.body && JSON.parse(init.body) });
    return fetch(url, init);
  };
  const link = wrap(new HttpLink({ uri: graphql, fetch: watching, ...options }));
  return { client: new ApolloClient({ link, cache: new InMemoryCache() }), requests };
}

test("POST", async () => {
  const { client, requests } = watched();
  const { data } = await client.query({ query: NODES });
  assert.equal(data.pnodes.nodes.length, 1);
  assert.deepEqual(
    requests.map((request) => request.method),
    ["POST"],
  );
});

test("GET with useGETForQueries", async () => {
  const { client, requests } = watched({ useGETForQueries: true });
  const { data } = await client.query({ query: NODES });
  assert.equal(data.pnodes.nodes.length, 1);
  assert.deepEqual(
    requests.map((request) => request.method),
    ["GET"],
  );
});

test("an operation that does not validate is refused with a status and our errors", async () => {
  const failed = await watched().client.query({ query: gql`{ nope }` }).then(assert.fail, (error) => error);
  assert.ok(CombinedGraphQLErrors.is(failed) || ServerError.is(failed), `it is a ${failed.constructor.name}`);
  assert.match(JSON.stringify(failed.errors ?? failed.bodyText), /GRAPHQL_VALIDATION_FAILED/);
});

test("bad input is told beside the data", async () => {
  const query = gql`{ pnodes(first: 501) { totalCount } }`;
  const failed = await watched().client.query({ query }).then(assert.fail, (error) => error);
  assert.match(JSON.stringify(failed.errors ?? failed.bodyText), /BAD_USER_INPUT/);
});

for (const useGETForHashedQueries of [false, true]) {
  test(`persisted queries, by ${useGETForHashedQueries ? "GET" : "POST"}: only the first sends the text`, async () => {
    const sha256 = (text) => createHash("sha256").update(text).digest("hex");
    const wrap = (link) => new PersistedQueryLink({ sha256, useGETForHashedQueries }).concat(link);
    const query = gql`query Persisted { pnodes(first: ${useGETForHashedQueries ? 2 : 3}) { totalCount } }`;
    const sent = [];
    for (const repeat of [1, 2]) {
      const { client, requests } = watched({}, wrap);
      const { data } = await client.query({ query });
      assert.ok(data.pnodes.totalCount > 0, `time ${repeat}`);
      sent.push(requests.map((request) => Boolean(request.body?.query ?? request.url.searchParams.get("query"))));
    }
    assert.deepEqual(sent, [[false, true], [false]]);
  });
}

test("subscriptions through GraphQLWsLink", { timeout: patience }, async () => {
  const connection = createClient({ url: socket, webSocketImpl: WebSocket, retryAttempts: 0 });
  const client = new ApolloClient({ link: new GraphQLWsLink(connection), cache: new InMemoryCache() });
  try {
    const query = gql`subscription { snapshots { slot } }`;
    const { data } = await firstValueFrom(client.subscribe({ query }));
    assert.ok(data.snapshots.slot > 0);
  } finally {
    client.stop();
    await connection.dispose();
  }
});
