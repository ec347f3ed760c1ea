// graphql-eslint over the schema and over the operations that ship, run from the root of the repository. All rules are on; what is off says why.

import graphql from '@graphql-eslint/eslint-plugin';

const { configs, parser } = graphql;
const TYPED = 'tests/clients/typed/*.graphql';
const SAVED = 'queries/saved/*.graphql';

const schemaRules = {
  ...configs['flat/schema-all'].rules,
  ...configs['flat/schema-relay'].rules,
  '@graphql-eslint/require-description': [
    'error',
    { types: true, rootField: true, FieldDefinition: true, InputValueDefinition: true, EnumValueDefinition: true, DirectiveDefinition: true },
  ],
  // Pages go forward: every list is told in one order, and has no end while events come.
  '@graphql-eslint/relay-arguments': ['error', { includeBoth: false }],
  // Lists that are short by nature are plain lists; a version or a difference is between points in time and has no id to be found again by.
  '@graphql-eslint/relay-edge-types': [
    'error',
    { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
  ],
  // Likewise: parts of an answer have no identity. What has one implements Node, whose `id` GraphQL itself requires.
  '@graphql-eslint/strict-id-in-types': 'off',
  // Order is meaning here: what identifies first, then what it is, then times.
  '@graphql-eslint/alphabetize': 'off',
  // There are both, on purpose.
  '@graphql-eslint/no-root-type': 'off',
  // The contract has lists and pages that are always there: an empty page is no null.
  '@graphql-eslint/require-nullable-result-in-root': 'off',
  // Operators act with few arguments, and then read what came of it, not the graph.
  '@graphql-eslint/input-name': 'off',
  '@graphql-eslint/require-field-of-type-query-in-mutation-result': 'off',
  // CloudEvents calls it `id`, which is taken by Node; `RelationshipType` is the word of the glossary, not a suffix; Grafana reads `arc__…` and `detail__…`.
  '@graphql-eslint/no-typename-prefix': 'off',
  '@graphql-eslint/naming-convention': [
    'error',
    {
      types: 'PascalCase',
      FieldDefinition: { style: 'camelCase', ignorePattern: '^(arc|detail)__' },
      InputValueDefinition: 'camelCase',
      Argument: 'camelCase',
      DirectiveDefinition: 'camelCase',
      EnumValueDefinition: 'UPPER_CASE',
    },
  ],
};

const operationRules = {
  ...configs['flat/operations-recommended'].rules,
  // A path within a change within a page is deeper than the 7 levels of the preset; the server allows 15.
  '@graphql-eslint/selection-set-depth': ['error', { maxDepth: 10 }],
};

const languageOptions = {
  parser,
  parserOptions: { graphQLConfig: { schema: 'schema.graphql', documents: [SAVED, TYPED] } },
};
const checked = (files, rules) => ({ files: [files], plugins: { '@graphql-eslint': graphql }, languageOptions, rules });

export default [
  checked('schema.graphql', schemaRules),
  checked(TYPED, operationRules),
  // Dashboards show rows and keep no cache of things, so these ask for no ids.
  checked(SAVED, { ...operationRules, '@graphql-eslint/require-selections': 'off' }),
];
