// The audit of GraphQL over HTTP that the npm package `graphql-http` carries.
import assert from "node:assert/strict";
import { test } from "node:test";

import { serverAudits } from "graphql-http";

import { graphql } from "../lib/stack.mjs";

const EXPECTED = { MUST: 13, SHOULD: 23, MAY: 25 };

const audits = serverAudits({ url: graphql, fetchFn: fetch });

test("the audit is the one that we know", () => {
  const found = {};
  for (const { name } of audits) found[name.split(" ")[0]] = (found[name.split(" ")[0]] ?? 0) + 1;
  assert.deepEqual(found, EXPECTED);
});

for (const audit of audits) {
  test(`${audit.id} ${audit.name}`, async () => {
    const result = await audit.fn();
    assert.equal(result.status, "ok", result.reason);
  });
}
