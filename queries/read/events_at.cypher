// events_at: what was recorded at some instants that may have changed what is believed about some entities. Needs asked (list of [key,
// recorded_at]). Returns a record for each: asked, uids (list, in record order): events that speak about the entity, or retract any event.
UNWIND $asked AS asked
CALL (asked) {
  MATCH (v:Event) WHERE v.recorded_at = asked[1]
    AND (EXISTS { (v)-[:ABOUT]->(:Entity {key: asked[0]}) } OR EXISTS { (v)-[:RETRACTS]->() })
  WITH v ORDER BY v.topic, v.partition, v.offset
  RETURN collect(v.uid) AS uids
}
RETURN asked, uids
