// What relay-compiler reads: it checks connections, pagination and refetching by `node` against the schema. This file is never executed.

const { graphql } = require('relay-runtime');

graphql`
  query operationsEntitiesQuery($first: Int!, $after: String) {
    ...operationsEntities_query @arguments(first: $first, after: $after)
  }
`;

graphql`
  fragment operationsEntities_query on Query
  @refetchable(queryName: "operationsEntitiesPageQuery")
  @argumentDefinitions(first: { type: "Int!" }, after: { type: "String" }) {
    entities(first: $first, after: $after) @connection(key: "operations_entities") {
      edges { node { id key properties } }
    }
  }
`;

graphql`
  query operationsEntityQuery($key: String!) {
    entity(key: $key) { id ...operationsEntity_entity }
  }
`;

graphql`
  fragment operationsEntity_entity on Entity
  @refetchable(queryName: "operationsEntityPageQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 1 }, after: { type: "String" }) {
    key
    relationships(first: $first, after: $after) @connection(key: "operationsEntity_relationships") {
      edges { node { id type target { id key } } }
    }
  }
`;

graphql`
  subscription operationsChangesSubscription($after: String) {
    changes(after: $after) { id cursor kind entity { id key properties } }
  }
`;
