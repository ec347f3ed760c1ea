// events: new events. Needs rows. Returns nothing.
UNWIND $rows AS row
CREATE (e:Event)
SET e = row
