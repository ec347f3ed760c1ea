// kinds_of: which of some entities are of some kinds. Needs keys, kinds (or null). Returns one record: keys.
MATCH (e:Entity) WHERE e.key IN $keys AND ($kinds IS NULL OR e.kind IN $kinds)
RETURN collect(e.key) AS keys
