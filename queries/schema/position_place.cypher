// position_place: one position a partition. Needs nothing. Returns nothing.
CREATE CONSTRAINT position_place IF NOT EXISTS FOR (p:Position) REQUIRE (p.topic, p.partition) IS UNIQUE
