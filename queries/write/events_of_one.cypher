// events_of_one: new events that each claim something about one entity, which most do. Needs rows [event (with its tick), entity id, properties
// of what it claims]. Returns nothing.
UNWIND $rows AS row
MATCH (e) WHERE elementId(e) = row[1]
CREATE (v:Event)-[a:ABOUT]->(e)
SET v = row[0], a = row[2]
