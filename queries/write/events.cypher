// events: new events, each marked with the transaction that wrote it, and what they claim about the streams of entities.
// Needs rows [event, abouts [entity id, properties]]. Returns nothing.
MATCH (g:Graph {id: 'graph'})
WITH g.tick AS tick
UNWIND $rows AS row
CREATE (v:Event)
SET v = row[0], v.tick = tick
WITH v, row
UNWIND row[1] AS about
MATCH (e) WHERE elementId(e) = about[0]
CREATE (v)-[a:ABOUT]->(e)
SET a = about[1]
