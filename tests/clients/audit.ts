// The audits of GraphQL over HTTP that npm's graphql-http brings, against the running server.

import { auditServer } from 'graphql-http';
import { found, key, url } from './lib/stage.ts';

const results = await auditServer({
  url,
  fetchFn: (input: string, init: RequestInit = {}) =>
    fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${key}` } }),
});

found({
  audits: results.length,
  ok: results.filter((result) => result.status === 'ok').length,
  others: results
    .filter((result) => result.status !== 'ok')
    .map((result) => `${result.id} ${result.status}: ${result.name}: ${'reason' in result ? result.reason : ''}`),
});
