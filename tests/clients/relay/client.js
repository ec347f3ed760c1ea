// Relay itself: pages of a connection grow together in its store, and a fragment is fetched again by the global id.

const { createClient } = require('graphql-ws');
const relay = require('relay-runtime');

const url = process.env.GRAPH_URL;
const key = process.env.GRAPH_KEY;
const artifact = (name) => require(`./__generated__/${name}.graphql.js`);

// snippet: relay
const socket = createClient({
  url: url.replace(/^http/, 'ws'),
  connectionParams: { Authorization: `Bearer ${key}` },
});
const environment = new relay.Environment({
  store: new relay.Store(new relay.RecordSource()),
  network: relay.Network.create(
    async ({ text: query }, variables) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      return response.json();
    },
    ({ text: query }, variables) =>
      relay.Observable.create((sink) => socket.subscribe({ query: query ?? '', variables }, sink)),
  ),
});
// end

async function fetched(name, variables) {
  const operation = relay.createOperationDescriptor(artifact(name), variables);
  const data = await relay.fetchQuery(environment, artifact(name), variables).toPromise();
  return { data, kept: environment.retain(operation), operation };
}

/** What the store holds of a fragment below a record. */
function below(fragment, parent, operation, args = {}) {
  const selector = relay.createReaderSelector(artifact(fragment), parent, { ...operation.request.variables, ...args }, operation.request);
  return environment.lookup(selector).data;
}

async function pages() {
  const { operation } = await fetched('operationsEntitiesQuery', { first: 2, after: null });
  for (let more = true; more; ) {
    const { entities } = below('operationsEntities_query', 'client:root', operation);
    more = entities.pageInfo.hasNextPage;
    if (more) await fetched('operationsEntitiesPageQuery', { first: 2, after: entities.pageInfo.endCursor });
  }
  return below('operationsEntities_query', 'client:root', operation).entities.edges.map((edge) => edge.node.key);
}

async function refetched() {
  const { data, operation } = await fetched('operationsEntityQuery', { key: 'service:checkout' });
  const id = data.entity.id;
  for (let more = true; more; ) {
    const { pageInfo } = below('operationsEntity_entity', id, operation, { first: 1, after: null }).relationships;
    more = pageInfo.hasNextPage;
    if (more) await fetched('operationsEntityPageQuery', { id, first: 1, after: pageInfo.endCursor });
  }
  const { relationships } = below('operationsEntity_entity', id, operation, { first: 1, after: null });
  return relationships.edges.map(({ node }) => `${node.type} ${node.target.key}`);
}

async function followed(tell) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ changes(first: 1) { edges { cursor } } }' }),
  });
  const { data } = await response.json();
  const subscription = artifact('operationsChangesSubscription');
  const change = new Promise((resolve, reject) => {
    relay.requestSubscription(environment, {
      subscription,
      variables: { after: data.changes.edges[0].cursor },
      onNext: resolve,
      onError: reject,
    });
  });
  await tell(1);
  return (await change).changes.entity.key;
}

(async () => {
  const { tell, found } = await import('../lib/stage.ts');
  const entities = await pages();
  const relationships = await refetched();
  const told = await followed(tell);
  await socket.dispose();
  found({ entities, relationships, told });
})();
