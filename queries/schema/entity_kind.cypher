// entity_kind: entities of a kind, in order of their keys. Needs nothing. Returns nothing.
CREATE INDEX entity_kind IF NOT EXISTS FOR (e:Entity) ON (e.kind, e.key)
