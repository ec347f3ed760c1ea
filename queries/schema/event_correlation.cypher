// event_correlation: the events of one flow of work. Needs nothing. Returns nothing.
CREATE INDEX event_correlation IF NOT EXISTS FOR (e:Event) ON (e.correlation_id)
