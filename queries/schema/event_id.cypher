// event_id: events by the id that their source gave. Needs nothing. Returns nothing.
CREATE INDEX event_id IF NOT EXISTS FOR (e:Event) ON (e.id)
