// entity_valid_from: entities by when they began. Needs nothing. Returns nothing.
CREATE INDEX entity_valid_from IF NOT EXISTS FOR (e:Entity) ON (e.valid_from)
