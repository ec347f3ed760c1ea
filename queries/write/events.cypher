// events: new events, and what they claim about the streams of entities. Needs rows [event (with its tick), abouts [entity id, properties]].
// Returns nothing.
UNWIND $rows AS row
CREATE (v:Event)
SET v = row[0]
WITH v, row
UNWIND row[1] AS about
MATCH (e) WHERE elementId(e) = about[0]
CREATE (v)-[a:ABOUT]->(e)
SET a = about[1]
