// urql: a query by POST and by GET, and a subscription over WebSocket and over server-sent events.

import { Client, cacheExchange, fetchExchange, gql, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
import { found, key, sent, socketUrl, tell, url, type Told } from './lib/stage.ts';

// snippet: urql
const socket = createClient({ url: socketUrl, connectionParams: { Authorization: `Bearer ${key}` } });
const client = new Client({
  url,
  fetchOptions: { headers: { authorization: `Bearer ${key}` } },
  preferGetMethod: false,
  exchanges: [
    cacheExchange,
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: (request) => ({
        subscribe: (sink) => ({
          unsubscribe: socket.subscribe({ ...request, query: request.query ?? '' }, sink),
        }),
      }),
    }),
  ],
});
// end

// Without a WebSocket: the same request that asks, with `Accept: text/event-stream` in it.
const streaming = new Client({
  url,
  fetchOptions: { headers: { authorization: `Bearer ${key}` } },
  preferGetMethod: false,
  fetchSubscriptions: true,
  exchanges: [fetchExchange],
});

// Whoever leaves a stream aborts its request; urql lets the refusal that follows go unhandled, which only Node minds.
process.on('unhandledRejection', (reason: unknown) => {
  if (!(reason instanceof DOMException && reason.name === 'AbortError')) throw reason;
});

const ENTITY = gql`query Entity($key: String!) { entity(key: $key) { id key properties } }`;
const posted = await client.query(ENTITY, { key: 'service:checkout' }).toPromise();
const got = await client
  .query(ENTITY, { key: 'service:cart' }, { preferGetMethod: 'force' })
  .toPromise();
const wrong = await client.query(gql`query Wrong { entity(key: "a", at: { valid: "yesterday" }) { key } }`, {}).toPromise();
// Its requests say that they take event streams, too: all but subscriptions are answered at once all the same.
const forbidden = await client
  .mutation(gql`mutation { erase(key: "service:cart", confirm: "service:cart") { done } }`, {})
  .toPromise();
const newest = await client.query(gql`query Newest { changes(first: 1) { edges { cursor } } }`, {}).toPromise();
const after: string = newest.data.changes.edges[0].cursor;

const FOLLOW = gql`subscription Follow($after: String) { changes(after: $after) { cursor entity { id key } } }`;
const bySocket: Told[] = [];
const byEvents: Told[] = [];
function two(from: Client, into: Told[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const { unsubscribe } = from.subscription<{ changes: Told }>(FOLLOW, { after }).subscribe(({ data, error }) => {
      if (error) reject(error);
      if (data) into.push(data.changes);
      if (into.length === 2) {
        resolve();
        setTimeout(() => unsubscribe());
      }
    });
  });
}
const both = Promise.all([two(client, bySocket), two(streaming, byEvents)]);
await tell(2);
await both;
await socket.dispose();

found({
  posted: posted.data?.entity.key ?? String(posted.error),
  got: got.data?.entity.key ?? String(got.error),
  by: sent.slice(0, 2).map((body) => Object.keys(body).sort()),
  wrong: wrong.error?.graphQLErrors[0]?.extensions,
  forbidden: forbidden.error?.graphQLErrors[0]?.extensions,
  by_socket: bySocket.map((change) => change.entity?.key),
  by_events: byEvents.map((change) => change.entity?.key),
});
