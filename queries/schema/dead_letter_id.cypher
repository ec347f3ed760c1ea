// dead_letter_id: one dead letter a record. Needs nothing. Returns nothing.
CREATE CONSTRAINT dead_letter_id IF NOT EXISTS FOR (d:DeadLetter) REQUIRE d.id IS UNIQUE
