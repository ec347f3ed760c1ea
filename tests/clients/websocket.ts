// graphql-ws: a query and a subscription over one WebSocket; after a break it goes on behind the last change that was seen.

import { createClient, type Client } from 'graphql-ws';
import { found, key, socketUrl, tell, type Told } from './lib/stage.ts';

// snippet: graphql-ws
const connect = (): Client =>
  createClient({ url: socketUrl, connectionParams: { Authorization: `Bearer ${key}` } });

/** The next n changes behind a cursor. */
async function next(client: Client, after: string, n: number): Promise<Told[]> {
  const told: Told[] = [];
  const query = 'subscription ($after: String) { changes(after: $after) { cursor entity { key } } }';
  for await (const { data, errors } of client.iterate<{ changes: Told }>({ query, variables: { after } })) {
    if (!data) throw new Error(JSON.stringify(errors));
    told.push(data.changes);
    if (told.length === n) break;
  }
  return told;
}
// end

async function newest(client: Client): Promise<string> {
  const answers = client.iterate<any>({ query: '{ changes(first: 1) { edges { cursor } } }' });
  for await (const { data } of answers) return data.changes.edges[0].cursor;
  throw new Error('no answer');
}

const first = connect();
const following = next(first, await newest(first), 1);
await tell(1);
const live = await following;
await first.dispose();

await tell(3); // while nobody listens
const second = connect();
const missed = await next(second, live[0]?.cursor ?? '', 3);
await second.dispose();

const refused = createClient({ url: socketUrl, connectionParams: { Authorization: 'Bearer none' }, retryAttempts: 0 });
const closed = await new Promise((resolve) => {
  refused.subscribe({ query: '{ status { ready } }' }, { next: resolve, error: resolve, complete: () => resolve(null) });
});

found({
  live: live.map((change) => change.entity?.key),
  missed: missed.map((change) => change.entity?.key),
  refused: (closed as CloseEvent).code,
});
