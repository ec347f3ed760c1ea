// retractions: that an event retracts another, which may not be here yet. Needs rows. Returns nothing.
// A row: by and uid (of the two events), source and id (of the retracted one), nth (place within the event that retracts), rule.
UNWIND $rows AS row
MATCH (v:Event {uid: row.by})
MERGE (r:Retracted {uid: row.uid})
ON CREATE SET r.source = row.source, r.id = row.id
MERGE (v)-[x:RETRACTS {nth: row.nth}]->(r)
SET x.rule = row.rule
