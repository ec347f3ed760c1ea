// tails: the open relationships of one type, of whole entities and between two. Needs owners (ids), pairs [source id, target id].
// Returns one record: rows [key, id, target, properties].
CALL () {
  UNWIND $owners AS owner
  MATCH (s)-[r:{type}]->(t) WHERE elementId(s) = owner AND 0 + r.valid_to = 9223372036854775807
  RETURN s, r, t
  UNION ALL
  UNWIND $pairs AS pair
  MATCH (s) WHERE elementId(s) = pair[0]
  MATCH (t) WHERE elementId(t) = pair[1]
  MATCH (s)-[r:{type}]->(t) WHERE 0 + r.valid_to = 9223372036854775807
  RETURN s, r, t
}
RETURN collect([s.key, elementId(r), t.key, properties(r)]) AS rows
