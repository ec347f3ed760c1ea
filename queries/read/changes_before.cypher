// changes_before: the change log backwards, up to a place. Needs tick, first, size. Returns a record each: node (map: tick, first, count, last, entries),
// the latest first, beginning with the one that holds that place.
MATCH (c:Changes) WHERE c.tick <= $tick AND c.first >= 0 AND (c.tick < $tick OR c.first <= $first)
WITH c ORDER BY c.tick DESC, c.first DESC LIMIT $size
RETURN c {.tick, .first, .count, .last, .entries} AS node
