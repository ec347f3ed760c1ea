// event_recorded: events in the order of the log. Needs nothing. Returns nothing.
CREATE INDEX event_recorded IF NOT EXISTS FOR (e:Event) ON (e.recorded_at)
