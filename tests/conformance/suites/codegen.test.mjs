// graphql-codegen's client preset, from the live schema, compiled with operations that a page would have.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";

import { generate } from "@graphql-codegen/cli";
import { parse, print } from "graphql";

import { answer, base, graphql, someAddresses } from "../lib/stack.mjs";
import { build, here, repository, tool } from "../lib/tools.mjs";

const generated = `${build}/generated/`;

test("typed operations are generated from the live schema", async () => {
  const files = await generate(
    {
      schema: graphql,
      documents: `${here}operations/*.graphql`,
      generates: {
        [generated]: {
          preset: "client",
          config: {
            useTypeImports: true,
            strictScalars: true,
            scalars: { BigInt: { input: "number | string", output: "number | string" }, DateTime: "string" },
          },
        },
      },
      silent: true,
    },
    true,
  );
  assert.ok(files.length >= 3);
});

test("what is typed compiles, and a wrong use does not", async () => {
  const compiled = await tool("tsc", ["--noEmit", "-p", "typed"]);
  assert.equal(compiled.status, 0, compiled.output);
});

test("docs/typescript.md, step by step, gives types that compile", async () => {
  const page = `${build}/page/`;
  const text = readFileSync(`${repository}docs/typescript.md`, "utf8");
  const files = [...text.matchAll(/^```\w+ (\S+\.\w+)\n(.*?)^```$/gms)].map(([, name, content]) => [name, content]);
  assert.deepEqual(files.map(([name]) => name), ["codegen.ts", "src/front.graphql", "src/front.ts"]);
  rmSync(page, { recursive: true, force: true });
  const schema = await (await fetch(`${base}/schema.graphql`)).text();
  const settings = JSON.stringify({ extends: `${here}typed/tsconfig.json`, files: ["src/front.ts"] });
  for (const [name, content] of [...files, ["schema.graphql", schema], ["tsconfig.json", settings]]) {
    mkdirSync(dirname(`${page}${name}`), { recursive: true });
    writeFileSync(`${page}${name}`, content);
  }
  const generated = await tool("graphql-codegen", [], { cwd: page });
  assert.equal(generated.status, 0, generated.output);
  const compiled = await tool("tsc", ["--noEmit", "-p", "."], { cwd: page });
  assert.equal(compiled.status, 0, compiled.output);
});

const documents = readdirSync(`${here}operations`).map((name) => readFileSync(`${here}operations/${name}`, "utf8"));
const operations = documents.flatMap((text) => {
  const document = parse(text);
  const fragments = document.definitions.filter((definition) => definition.kind === "FragmentDefinition");
  return document.definitions
    .filter((definition) => definition.operation === "query")
    .map((definition) => ({
      name: definition.name.value,
      text: print({ ...document, definitions: [definition, ...fragments] }),
    }));
});

for (const { name, text } of operations) {
  test(`${name} is answered without errors`, async () => {
    const from = new Date(Date.now() - 3_600_000).toISOString();
    const addresses = await someAddresses(3);
    const known = { first: 5, from, address: addresses[0], addresses };
    const asked = [...text.matchAll(/\$(\w+):/g)].map((match) => match[1]);
    const variables = Object.fromEntries(asked.filter((key) => key in known).map((key) => [key, known[key]]));
    const { data, errors = [] } = await answer(text, variables);
    // A stack that has just started has no yesterday.
    const left = errors.filter((error) => name !== "Yesterday" || error.extensions.code !== "AS_OF_OUT_OF_RANGE");
    assert.deepEqual(left, []);
    if (errors.length === 0) assert.ok(Object.values(data).every((value) => value !== null), JSON.stringify(data));
  });
}
