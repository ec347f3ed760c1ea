// retractions_around: who retracts these events, and what they retract. Needs uids. Returns uid (retracted), by (its retractor).
UNWIND $uids AS start
CALL (start) {
  MATCH (r:Retracted {uid: start})<-[:RETRACTS]-(v:Event)
  RETURN r.uid AS uid, v.uid AS by
  UNION
  MATCH (v:Event {uid: start})-[:RETRACTS]->(r:Retracted)
  RETURN r.uid AS uid, v.uid AS by
}
RETURN DISTINCT uid, by
