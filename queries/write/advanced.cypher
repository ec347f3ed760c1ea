// advanced: positions and counters after a batch. Needs advances, recorded_at, events, duplicates, unmapped,
// replayed (dead letters whose records are applied now). Returns nothing.
MATCH (g:Graph {id: 'graph'})
SET g.recorded_at = $recorded_at, g.events = g.events + $events,
    g.duplicates = g.duplicates + $duplicates, g.unmapped = g.unmapped + $unmapped,
    g.replayed = coalesce(g.replayed, 0) + $replayed
WITH g
UNWIND $advances AS advance
MATCH (p:Position {topic: advance.topic, partition: advance.partition})
SET p.offset = advance.offset, p.recorded_at = advance.recorded_at
