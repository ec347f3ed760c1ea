// last_said: the newest events that say that relationships hold. Needs asked (list of maps: key (the source), words (for each
// relationship, texts of which one is in what says so)), newest_max, valid, known.
// Of each source only its newest_max newest events by valid time are looked at, as known then.
// Returns a record for each source that has any: key, texts (map-like list of [event time, believed, claims]), nths (for each
// relationship the places in texts that may say so, newest first, up to 2).
UNWIND $asked AS one
MATCH (e:Entity {key: one.key})
CALL (e) {
  MATCH (e)<-[a:ABOUT]-(v:Event)
  WHERE a.valid_from <= $valid AND v.recorded_at <= $known
  WITH a, v ORDER BY a.valid_from DESC, v.recorded_at DESC, v.topic DESC, v.partition DESC, v.offset DESC LIMIT $newest_max
  RETURN collect([v.time, v.believed, a.assertions]) AS newest
}
WITH one, newest, [words IN one.words |
  [n IN range(0, size(newest) - 1) WHERE any(word IN words WHERE newest[n][2] CONTAINS word) | n][..2]] AS nths
WITH one, newest, nths, reduce(found = [], some IN nths | found + some) AS used
RETURN one.key AS key, nths, [n IN range(0, size(newest) - 1) | CASE WHEN n IN used THEN newest[n] END] AS texts
