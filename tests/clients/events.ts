// graphql-sse: a subscription over server-sent events, one request each.

import { createClient } from 'graphql-sse';
import { found, key, tell, url, type Told } from './lib/stage.ts';

// snippet: graphql-sse
const client = createClient({ url, headers: { authorization: `Bearer ${key}` } });
// end

async function newest(): Promise<string> {
  for await (const { data } of client.iterate<any>({ query: '{ changes(first: 1) { edges { cursor } } }' })) {
    return data.changes.edges[0].cursor;
  }
  throw new Error('no answer');
}

const told: Told[] = [];
const after = await newest();
const telling = tell(2);
const query = 'subscription ($after: String) { changes(after: $after) { cursor entity { key } } }';
for await (const { data, errors } of client.iterate<{ changes: Told }>({ query, variables: { after } })) {
  if (!data) throw new Error(JSON.stringify(errors));
  told.push(data.changes);
  if (told.length === 2) break;
}
await telling;
client.dispose();
found({ told: told.map((change) => change.entity?.key) });
