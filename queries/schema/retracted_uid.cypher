// retracted_uid: one mark an event that is retracted. Needs nothing. Returns nothing.
CREATE CONSTRAINT retracted_uid IF NOT EXISTS FOR (r:Retracted) REQUIRE r.uid IS UNIQUE
