// diff_relationships_known: relationships of one type with a row that becomes, or ceases to be, believed within a span of
// known time. Needs {types}: the type and its past; low, high, kinds (of either end, or null). Reads every row of the type.
// Returns one record: owners (list of [source, target, discriminator]).
MATCH (s:Entity)-[r:{types}]->(t:Entity)
WHERE ($low < r.known_from <= $high OR $low < r.known_to <= $high OR $low < r.end_known <= $high)
  AND ($kinds IS NULL OR s.kind IN $kinds OR t.kind IN $kinds)
RETURN collect(DISTINCT [s.key, t.key, coalesce(r.discriminator, '')]) AS owners
