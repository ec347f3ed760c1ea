// events_moved: events that turned out to stand earlier in the log. Needs rows. Returns nothing.
UNWIND $rows AS row
MATCH (e:Event {uid: row.uid})
SET e += row
