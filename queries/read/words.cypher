// words: the declared words, and the stored names of all relationships that there are, or were in this database. Needs nothing.
// Returns one record: vocabulary (JSON or null), types.
// The database keeps the names: nothing else is read.
CALL db.relationshipTypes() YIELD relationshipType
WITH collect(relationshipType) AS types
OPTIONAL MATCH (g:Graph {id: 'graph'})
RETURN g.vocabulary AS vocabulary, types
