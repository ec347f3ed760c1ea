// Apollo Client: a query and its cache, automatic persisted queries, kept documents, a subscription.

import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { createHash } from 'node:crypto';
import { createClient } from 'graphql-ws';
import { WhatDependsOnDocument } from './generated/typed/graphql.ts';
import { found, key, sent, socketUrl, tell, url, type Told } from './lib/stage.ts';

// snippet: apollo
const headers = { authorization: `Bearer ${key}` };
const http = new HttpLink({ uri: url, headers });
const persisted = new PersistedQueryLink({
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
});
const socket = createClient({ url: socketUrl, connectionParams: { Authorization: `Bearer ${key}` } });

const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    persisted.concat(http),
  ),
});
// end

// snippet: apollo-kept
// The server keeps the documents of graphql-codegen (`persisted_folder`): their hashes are enough.
const trusted = new PersistedQueryLink({
  generateHash: (document) => (document as { __meta__?: { hash?: string } }).__meta__?.hash ?? '',
});
const keeping = new ApolloClient({
  cache: new InMemoryCache(),
  link: trusted.concat(new HttpLink({ uri: url, headers })),
});
const { data: kept } = await keeping.query({
  query: WhatDependsOnDocument,
  variables: { of: ['service:cart'] },
});
// end

const ENTITY = gql`
  query Entity($key: String!, $valid: DateTime) {
    entity(key: $key, at: { valid: $valid }) { id key properties relationships { edges { node { id type target { id key } } } } }
  }
`;
const now = await client.query<any>({ query: ENTITY, variables: { key: 'service:checkout' } });
const then = await client.query<any>({
  query: ENTITY,
  variables: { key: 'service:checkout', valid: '2026-01-10T00:00:00Z' },
});
// The same thing at two points must not be one entry of the cache, or one answer would change the other.
const again = await client.query<any>({
  query: ENTITY,
  variables: { key: 'service:checkout' },
  fetchPolicy: 'cache-only',
});

const wrong = await client
  .query({ query: gql`query Wrong { entity(key: "service:checkout", at: { valid: "2026-01-01T00:00:00" }) { key } }` })
  .then(() => null, (error: unknown) => error);

const newest = await client.query<any>({ query: gql`query Newest { changes(first: 1) { edges { cursor } } }` });
const after: string = newest.data.changes.edges[0].cursor;

const told: Told[] = [];
const all = new Promise<void>((resolve, reject) => {
  client
    .subscribe<{ changes: Told }>({
      query: gql`subscription Follow($after: String) { changes(after: $after) { cursor entity { id key } } }`,
      variables: { after },
    })
    .subscribe({
      next: ({ data, error }) => {
        if (error) reject(error);
        if (data) told.push(data.changes);
        if (told.length === 2) resolve();
      },
      error: reject,
    });
});
await tell(2);
await all;
await socket.dispose();

found({
  now: now.data.entity.properties,
  then: then.data.entity.properties,
  cached: again.data.entity.properties,
  entries: Object.keys(client.cache.extract() as object).length,
  wrong: CombinedGraphQLErrors.is(wrong) ? wrong.errors[0]?.extensions : String(wrong),
  // First the hash alone, which is not known here; then the text.
  persisted: sent.slice(1, 3).map((body) => ({ query: 'query' in body, hash: 'extensions' in body })),
  kept: sent.slice(0, 1).map((body) => ({ query: 'query' in body, hash: 'extensions' in body })),
  nearest: kept?.impact.items[0]?.entity.key,
  told: told.map((change) => change.entity?.key),
});
