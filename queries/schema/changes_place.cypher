// changes_place: the change log in its order. Needs nothing. Returns nothing.
CREATE INDEX changes_place IF NOT EXISTS FOR (c:Changes) ON (c.tick, c.first)
