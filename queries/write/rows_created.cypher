// rows_created: new rows of one relationship type. Needs rows. Returns nothing.
UNWIND $rows AS row
MATCH (s:Entity {key: row.source})
MATCH (t:Entity {key: row.target})
CREATE (s)-[r:{type}]->(t)
SET r = row.row
