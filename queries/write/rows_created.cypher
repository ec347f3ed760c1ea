// rows_created: new rows of one relationship type. Needs rows [source id, target id, properties]. Returns nothing.
UNWIND $rows AS row
MATCH (s) WHERE elementId(s) = row[0]
MATCH (t) WHERE elementId(t) = row[1]
CREATE (s)-[r:{type}]->(t)
SET r = row[2]
