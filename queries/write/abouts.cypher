// abouts: what events claim about the streams of an entity. Needs rows. Returns nothing.
UNWIND $rows AS row
MATCH (v:Event {uid: row.uid})
MATCH (e:Entity {key: row.owner})
CREATE (v)-[a:ABOUT]->(e)
SET a = row.about
