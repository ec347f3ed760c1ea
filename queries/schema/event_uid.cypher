// event_uid: one node an event. Needs nothing. Returns nothing.
CREATE CONSTRAINT event_uid IF NOT EXISTS FOR (e:Event) REQUIRE e.uid IS UNIQUE
