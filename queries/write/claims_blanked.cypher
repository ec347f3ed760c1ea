// claims_blanked: what is left of claims about an entity. Needs key, rows (uid, assertions). Returns nothing.
UNWIND $rows AS row
MATCH (v:Event {uid: row.uid})-[a:ABOUT]->(e:Entity {key: $key})
SET a.assertions = row.assertions
