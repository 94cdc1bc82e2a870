// Linters for the description of the REST routes.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { before, test } from "node:test";

import { base } from "../lib/stack.mjs";
import { build, tool } from "../lib/tools.mjs";

const file = `${build}/openapi.json`;

before(async () => {
  writeFileSync(file, await (await fetch(`${base}/openapi.json`)).text());
});

test("redocly finds no errors", async () => {
  const { status, output } = await tool("redocly", ["lint", "--config", "openapi.redocly.yaml", file]);
  assert.equal(status, 0, output);
  assert.match(output, /Your API description is valid/);
});

test("spectral finds no errors", async () => {
  const args = ["lint", "--ruleset", "openapi.spectral.yaml", "--fail-severity", "error", file];
  const { status, output } = await tool("spectral", args);
  assert.equal(status, 0, output);
});
