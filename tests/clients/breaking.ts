// graphql-inspector: what would break clients of an older schema, and whether the operations that ship fit the schema of today.
//
//   node breaking.ts OLD.graphql NEW.graphql [OPERATION.graphql …]

import { CriticalityLevel, diff, validate } from '@graphql-inspector/core';
import { Source, buildSchema } from 'graphql';
import { readFileSync } from 'node:fs';

const [old, now, ...operations] = process.argv.slice(2).map((path) => new Source(readFileSync(path, 'utf8'), path));
if (!old || !now) throw new Error('node breaking.ts OLD.graphql NEW.graphql [OPERATION.graphql …]');

const schema = buildSchema(now);
const changes = await diff(buildSchema(old), schema);
const invalid = validate(schema, operations);
const answer = {
  breaking: changes
    .filter((change) => change.criticality.level === CriticalityLevel.Breaking)
    .map((change) => ({ path: change.path, message: change.message })),
  invalid: invalid.map((one) => [one.source.name, ...one.errors.map((error) => error.message)]),
  deprecated: invalid.flatMap((one) => one.deprecated.map((error) => error.message)),
  operations: operations.length,
};
process.stdout.write(`${JSON.stringify({ found: answer })}\n`);
