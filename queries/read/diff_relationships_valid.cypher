// diff_relationships_valid: relationships of one type with a row that begins or ends within a span of valid time. Needs
// {present}, {past}: the type and its past; low, high, kinds (of either end, or null).
// Returns one record: owners (list of [source, target, discriminator]).
CALL () {
  MATCH (s:Entity)-[r:{present}]->(t:Entity) WHERE $low < r.valid_from <= $high RETURN s, r, t
  UNION
  MATCH (s:Entity)-[r:{present}]->(t:Entity) WHERE $low < r.valid_to <= $high RETURN s, r, t
  UNION
  MATCH (s:Entity)-[r:{past}]->(t:Entity) WHERE $low < r.valid_from <= $high RETURN s, r, t
  UNION
  MATCH (s:Entity)-[r:{past}]->(t:Entity) WHERE $low < r.valid_to <= $high RETURN s, r, t
}
WITH s, r, t WHERE $kinds IS NULL OR s.kind IN $kinds OR t.kind IN $kinds
RETURN collect(DISTINCT [s.key, t.key, coalesce(r.discriminator, '')]) AS owners
