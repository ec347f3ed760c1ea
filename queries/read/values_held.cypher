// values_held: how many rows of an entity and of its relationships hold values. Needs key. Returns rows.
MATCH (e:Entity {key: $key})
RETURN COUNT { MATCH (e)-[r]->(:Entity) WHERE r.properties IS NOT NULL }
     + CASE WHEN coalesce(e.properties, '{}') = '{}' THEN 0 ELSE 1 END AS rows
