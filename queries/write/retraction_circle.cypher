// retraction_circle: all retractions, where any of these events is retracted or retracts. Needs uids.
// Returns uid (retracted), by (its retractor), orders ([uid, record order] of those of the two that are here).
CALL () {
  UNWIND $uids AS start
  OPTIONAL MATCH (r:Retracted {uid: start})
  RETURN count(r) > 0 AS concerned
}
WITH concerned WHERE concerned
MATCH (v:Event)-[:RETRACTS]->(r:Retracted)
OPTIONAL MATCH (t:Event {uid: r.uid})
RETURN r.uid AS uid, v.uid AS by,
       [x IN [v, t] WHERE x IS NOT NULL | [x.uid, [x.recorded_at, x.topic, x.partition, x.offset]]] AS orders
