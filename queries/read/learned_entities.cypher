// learned_entities: entities with a row that becomes, or ceases to be, believed within a span of known time. Needs low, high, uids (events that were taken
// back, or no more, within it), kinds (or null). Returns one record: keys. Whatever is believed from a known time on is so by an event recorded then.
CALL () {
  MATCH (v:Event)-[:ABOUT]->(e:Entity) WHERE $low < v.recorded_at <= $high RETURN e
  UNION
  UNWIND $uids AS uid
  MATCH (:Event {uid: uid})-[:ABOUT]->(e:Entity) RETURN e
}
WITH e
WHERE ($kinds IS NULL OR e.kind IN $kinds)
  AND (($low < e.known_from <= $high AND e.present) OR EXISTS {
    (e)-[h:HAD]->(e) WHERE $low < h.known_from <= $high OR $low < h.known_to <= $high OR $low < h.end_known <= $high })
RETURN collect(e.key) AS keys
