// The committed SDL: what is served, well made, and without a breaking change that nobody meant.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { relative } from "node:path";
import { test } from "node:test";

import { CriticalityLevel, diff, validate } from "@graphql-inspector/core";
import { ESLint } from "eslint";
import { buildClientSchema, buildSchema, getIntrospectionQuery, introspectionFromSchema, Source } from "graphql";

import { ask, base } from "../lib/stack.mjs";
import { here, repository, run } from "../lib/tools.mjs";

const SDL = "schema/schema.graphql";
const committed = readFileSync(`${repository}/${SDL}`, "utf8");

// What the rules find and we keep.
const KEPT = [
  ["Count", "no-typename-prefix", "its only figure is the count; `Count.value` would say less"],
  ["Topology", "relay-connection-types", "it pages nodes as a connection does, but it is a graph: its edges are links"],
];

test("the committed SDL is what the server serves", async () => {
  assert.equal(await (await fetch(`${base}/schema.graphql`)).text(), committed);
});

test("introspection tells the same schema", async () => {
  const told = { inputValueDeprecation: true, specifiedByUrl: true, directiveIsRepeatable: true };
  const introspected = buildClientSchema(await ask(getIntrospectionQuery(told)));
  // What introspection cannot tell, such as where a directive stands, is left out on both sides.
  const expected = buildClientSchema(introspectionFromSchema(buildSchema(committed), told));
  const changes = await diff(expected, introspected);
  assert.deepEqual(changes.map((change) => `${change.path}: ${change.message}`), []);
  assert.equal(introspected.getType("DateTime").specifiedByURL, expected.getType("DateTime").specifiedByURL);
});

test("graphql-eslint finds nothing new in the schema", async () => {
  const [found] = await lint(SDL);
  const kept = KEPT.map(([type, rule]) => `${rule} ${type}`);
  const left = found.messages.filter((message) => !kept.includes(nameOf(message)));
  assert.deepEqual(left.map((message) => `${message.line}: ${message.message} (${message.ruleId})`), []);
  const hit = new Set(found.messages.map(nameOf));
  assert.deepEqual(kept.filter((name) => !hit.has(name)), [], "no longer found, so no longer to be kept");
});

test("graphql-eslint finds nothing in the operations", async () => {
  for (const { filePath, messages } of await lint("tests/conformance/operations/*.graphql")) {
    assert.deepEqual(messages.map((message) => `${filePath}:${message.line}: ${message.message}`), []);
  }
});

test("graphql-inspector: every operation fits the schema and uses nothing deprecated", () => {
  const sources = [`${here}operations`, `${repository}/server/dashboard/static/operations`].flatMap((folder) => graphqlFiles(folder));
  assert.ok(sources.length > 0);
  const problems = validate(buildSchema(committed), sources, { maxDepth: 10, maxAliasCount: 30 });
  assert.deepEqual(problems.map((problem) => `${problem.source.name}: ${problem.errors} ${problem.deprecated}`), []);
});

test("graphql-inspector: no breaking change that is not accepted", async (context) => {
  const accepted = readFileSync(`${here}accepted-breaking.txt`, "utf8")
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => line.split(/\s+/)[0]);
  const earlier = await earlierSdl();
  if (earlier === null) return context.skip("this clone has no earlier version of the schema");
  context.diagnostic(`compared with ${earlier.from}`);
  const changes = await diff(buildSchema(earlier.text), buildSchema(committed));
  const breaking = changes.filter(
    (change) => change.criticality.level === CriticalityLevel.Breaking && !accepted.includes(change.path),
  );
  assert.deepEqual(breaking.map((change) => `${change.path}: ${change.message}`), []);
});

/** The rule and the type that a message is about. */
function nameOf({ ruleId, line }) {
  const above = committed.split("\n").slice(0, line).reverse();
  const type = above.map((text) => /^(?:type|input|enum|scalar) (\w+)/.exec(text)?.[1]).find(Boolean);
  return `${ruleId.replace("@graphql-eslint/", "")} ${type}`;
}

function lint(pattern) {
  const eslint = new ESLint({ cwd: repository, overrideConfigFile: `${here}eslint.config.mjs` });
  return eslint.lintFiles([pattern]);
}

function graphqlFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".graphql"))
    .map((name) => new Source(readFileSync(`${folder}/${name}`, "utf8"), relative(repository, `${folder}/${name}`)));
}

/**
 * The SDL to be compatible with: that of $SCHEMA_BASE, of a published branch that this clone is ahead of, or the one
 * before the last commit that changed it. Null where git knows none.
 */
async function earlierSdl() {
  const head = await git("rev-parse", "HEAD");
  const published = await git("rev-parse", "--verify", "--quiet", "origin/main");
  const last = await git("log", "-1", "--format=%H", "--", SDL);
  const edited = (await git("show", `HEAD:${SDL}`)) !== committed.trim();
  const refs = [process.env.SCHEMA_BASE, published !== head ? published : null, edited ? head : null, last && `${last}^`];
  for (const ref of refs.filter(Boolean)) {
    const text = await git("show", `${ref}:${SDL}`);
    if (text) return { from: ref, text };
  }
  return null;
}

/** What git prints; null where it fails. */
async function git(...args) {
  const { status, output } = await run("git", args, { cwd: repository });
  return status === 0 ? output.trim() : null;
}
