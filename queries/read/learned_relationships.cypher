// learned_relationships: relationships with a row that becomes, or ceases to be, believed within a span of known time. Needs {types}: the types and their
// past; base (type by stored name), low, high, uids (events that were taken back, or no more, within it), kinds (of either end, or null).
// Returns one record: owners (list of [source, type, target, discriminator]).
CALL () {
  MATCH (v:Event)-[:ABOUT]->(e:Entity) WHERE $low < v.recorded_at <= $high RETURN e
  UNION
  UNWIND $uids AS uid
  MATCH (:Event {uid: uid})-[:ABOUT]->(e:Entity) RETURN e
}
MATCH (e)-[r:{types}]->(t:Entity)
WHERE ($low < r.known_from <= $high OR $low < r.known_to <= $high OR $low < r.end_known <= $high)
  AND ($kinds IS NULL OR e.kind IN $kinds OR t.kind IN $kinds)
RETURN collect(DISTINCT [e.key, $base[type(r)], t.key, coalesce(r.discriminator, '')]) AS owners
