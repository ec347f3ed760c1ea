// events_believed: the known spans in which retracted events stand. Needs rows. Returns nothing.
UNWIND $rows AS row
MATCH (e:Event {uid: row.uid})
SET e.believed = row.believed
