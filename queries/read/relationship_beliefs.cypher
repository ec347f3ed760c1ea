// relationship_beliefs: what was believed of relationships of one type just before known instants and from them on. Needs {types}: the type and
// its past; asked [source, target, discriminator, valid, known]. Returns one record: found [number in asked, rows (maps) of which at most one holds
// before and one after].
// `0 +` keeps the planner from reading all that the index on valid_from has, instead of what two entities have.
UNWIND range(0, size($asked) - 1) AS n
WITH n, $asked[n] AS one
MATCH (s:Entity {key: one[0]})
MATCH (t:Entity {key: one[1]})
MATCH (s)-[r:{types}]->(t)
WHERE coalesce(r.discriminator, '') = one[2] AND 0 + r.valid_from <= one[3] AND r.known_from <= one[4] AND one[4] <= r.known_to
  AND (one[3] < r.valid_to OR one[4] <= r.end_known)
WITH n, collect(properties(r)) AS rows
RETURN collect([n, rows]) AS found
