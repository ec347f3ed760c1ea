// digest_rows: every stored row but those in entity nodes. Needs nothing. Returns source, type, target, row.
MATCH (s:Entity)-[r]->(t:Entity)
RETURN s.key AS source, type(r) AS type, t.key AS target, properties(r) AS row
