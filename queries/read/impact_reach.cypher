// impact_reach: how far everything is that is reached from entities, at a point, where all types are followed the same way. Needs {begin} and {end}
// (how the relationships point), {types}, {past_types}, {steps} (how far to go) and {beyond} (one more); of (keys), valid, known, most, and
// looks: whether to look first if there are so many at all, and to find nothing then.
// Returns one record: looked (how many that found, at most `most`), distances, and beside them keys (a list for each distance); without `of`.
// Each entity is visited once. Only where the present is not enough history is followed.
OPTIONAL MATCH (g:Graph {id: 'graph'})
WITH coalesce($known >= g.recorded_at AND $valid >= g.recorded_at, false) AS present_only
CALL (present_only) {
  WITH present_only WHERE $looks AND present_only
  UNWIND $of AS key
  MATCH p = (:Entity {key: key}){begin}[:{types}*1..{steps}]{end}(x)
  WHERE all(r IN relationships(p) WHERE r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to
            AND ($valid < r.valid_to OR $known < r.end_known))
  WITH DISTINCT x LIMIT $most
  RETURN count(x) AS looked
  UNION ALL
  WITH present_only WHERE $looks AND NOT present_only
  UNWIND $of AS key
  MATCH p = (:Entity {key: key}){begin}[:{types}|{past_types}*1..{steps}]{end}(x)
  WHERE all(r IN relationships(p) WHERE r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to
            AND ($valid < r.valid_to OR $known < r.end_known))
  WITH DISTINCT x LIMIT $most
  RETURN count(x) AS looked
}
WITH present_only, sum(looked) AS looked
OPTIONAL CALL (present_only, looked) {
  WITH present_only, looked WHERE looked < $most AND present_only
  UNWIND $of AS key
  MATCH p = (:Entity {key: key}){begin}[:{types}*1..{beyond}]{end}(x)
  WHERE all(r IN relationships(p) WHERE r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to
            AND ($valid < r.valid_to OR $known < r.end_known))
  WITH x.key AS found, min(length(p)) AS distance
  WHERE NOT found IN $of
  RETURN distance, collect(found) AS keys
  UNION ALL
  WITH present_only, looked WHERE looked < $most AND NOT present_only
  UNWIND $of AS key
  MATCH p = (:Entity {key: key}){begin}[:{types}|{past_types}*1..{beyond}]{end}(x)
  WHERE all(r IN relationships(p) WHERE r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to
            AND ($valid < r.valid_to OR $known < r.end_known))
  WITH x.key AS found, min(length(p)) AS distance
  WHERE NOT found IN $of
  RETURN distance, collect(found) AS keys
}
RETURN looked, collect(distance) AS distances, collect(keys) AS keys
