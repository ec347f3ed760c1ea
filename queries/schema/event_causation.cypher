// event_causation: what an event caused. Needs nothing. Returns nothing.
CREATE INDEX event_causation IF NOT EXISTS FOR (e:Event) ON (e.causation_id)
