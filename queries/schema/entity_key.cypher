// entity_key: one entity a key. Needs nothing. Returns nothing.
CREATE CONSTRAINT entity_key IF NOT EXISTS FOR (e:Entity) REQUIRE e.key IS UNIQUE
