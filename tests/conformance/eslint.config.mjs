// Rules for the published schema and for the operations that are written against it.
import { fileURLToPath } from "node:url";

import plugin from "@graphql-eslint/eslint-plugin";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const plugins = { "@graphql-eslint": plugin };
const languageOptions = {
  parser: plugin.parser,
  parserOptions: {
    graphQLConfig: { schema: at("../../schema/schema.graphql"), documents: at("operations/*.graphql") },
  },
};

export default [
  {
    files: ["**/schema.graphql"],
    plugins,
    languageOptions,
    rules: {
      ...plugin.configs["flat/schema-recommended"].rules,
      "@graphql-eslint/no-unused-fields": "off", // these operations are samples: most fields are for others
      // An id is for what can be found again: nodes, alerts, changes, vertices. Most types here are parts of one
      // snapshot: figures without an identity, for which an invented id would only mislead caches.
      "@graphql-eslint/strict-id-in-types": "off",
      "@graphql-eslint/require-description": [
        "error",
        {
          types: true,
          rootField: true,
          DirectiveDefinition: true,
          FieldDefinition: true,
          InputValueDefinition: true,
          EnumValueDefinition: true,
        },
      ],
      "@graphql-eslint/relay-connection-types": "error",
      "@graphql-eslint/relay-page-info": "error",
      // Only nodes can be paged backwards; the other lists have `first` and `after`.
      "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
      // A node of an edge need not have an id of its own (a recommendation, a comparison of one node over time), so
      // there is no `Node` interface to implement.
      "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],
    },
  },
  {
    files: ["**/operations/*.graphql"],
    plugins,
    languageOptions,
    rules: plugin.configs["flat/operations-recommended"].rules,
  },
];
