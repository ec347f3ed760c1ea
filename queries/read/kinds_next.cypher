// kinds_next: the next kind of which there is any entity, in order. Needs after (a kind, or ''). Returns a record, or none: kind.
// One look into the index of kinds, however many entities there are.
MATCH (e:Entity) WHERE e.kind > $after AND e.key >= ''
RETURN e.kind AS kind ORDER BY kind LIMIT 1
