// retractions: that an event retracts another, which may not be here yet. Needs rows. Returns nothing.
UNWIND $rows AS row
MATCH (v:Event {uid: row.by})
MERGE (r:Retracted {uid: row.uid})
MERGE (v)-[:RETRACTS]->(r)
