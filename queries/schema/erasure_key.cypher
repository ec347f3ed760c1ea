// erasure_key: one erasure of an entity at a known time. Needs nothing. Returns nothing.
CREATE CONSTRAINT erasure_key IF NOT EXISTS FOR (x:Erasure) REQUIRE (x.key, x.known_to) IS UNIQUE
