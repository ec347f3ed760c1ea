// impact_reach: how far everything is that is reached from entities, at a point, where all types are followed the same way.
// Needs {begin} and {end} (how the relationships point), {types}, {past_types}, {steps} (how far to go), {settled} (whether no relationship of {types} begins
// or ends after $valid, or ended before); of (keys), valid, known, beyond_max, most, and looks: whether to look first if there are so many at all, and to
// find nothing then.
// Returns one record: looked (how many that found, at most `most`); levels, nearest first: keys. `of` is in none. beyond: how many are one step further
// than {steps}, at most beyond_max; sound: false where something came meanwhile that is not in force, and may have been followed.
// `0 +` and CASE keep the planner from reading all that an index on time has; CASE looks first at what most of a long history fails by. Each entity is visited once. Only where the present is not enough history is followed;
// where it is, all that is there is known, with its ends, and where it is settled, all of it is in force.
OPTIONAL MATCH (g:Graph {id: 'graph'})
WITH coalesce($known >= g.recorded_at AND $valid >= g.recorded_at, false) AS present_only
WITH present_only, present_only AND {settled} AS settled
CALL (present_only) {
  WITH present_only WHERE $looks AND present_only
  UNWIND $of AS key
  MATCH p = (:Entity {key: key}){begin}[:{types}*1..{steps}]{end}(x)
  WHERE all(r IN relationships(p) WHERE r.valid_from <= $valid AND $valid < r.valid_to)
  WITH DISTINCT x LIMIT $most
  RETURN count(x) AS looked
  UNION ALL
  WITH present_only WHERE $looks AND NOT present_only
  UNWIND $of AS key
  MATCH p = (:Entity {key: key}){begin}[:{types}|{past_types}*1..{steps}]{end}(x)
  WHERE all(r IN relationships(p) WHERE CASE WHEN $valid < r.valid_to OR $known < r.end_known THEN r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to ELSE false END)
  WITH DISTINCT x LIMIT $most
  RETURN count(x) AS looked
}
WITH present_only, settled, sum(looked) AS looked
OPTIONAL CALL (present_only, settled, looked) {
  WITH present_only, settled, looked WHERE looked < $most AND settled
  UNWIND $of AS key
  MATCH p = (:Entity {key: key}){begin}[:{types}*1..{steps}]{end}(x)
  WITH x, min(length(p)) AS distance
  WITH x, x.key AS key, distance
  WHERE NOT key IN $of
  RETURN distance, collect(key) AS keys, collect(x) AS nodes
  UNION ALL
  WITH present_only, settled, looked WHERE looked < $most AND present_only AND NOT settled
  UNWIND $of AS key
  MATCH p = (:Entity {key: key}){begin}[:{types}*1..{steps}]{end}(x)
  WHERE all(r IN relationships(p) WHERE r.valid_from <= $valid AND $valid < r.valid_to)
  WITH x, min(length(p)) AS distance
  WITH x, x.key AS key, distance
  WHERE NOT key IN $of
  RETURN distance, collect(key) AS keys, collect(x) AS nodes
  UNION ALL
  WITH present_only, settled, looked WHERE looked < $most AND NOT present_only
  UNWIND $of AS key
  MATCH p = (:Entity {key: key}){begin}[:{types}|{past_types}*1..{steps}]{end}(x)
  WHERE all(r IN relationships(p) WHERE CASE WHEN $valid < r.valid_to OR $known < r.end_known THEN r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to ELSE false END)
  WITH x, min(length(p)) AS distance
  WITH x, x.key AS key, distance
  WHERE NOT key IN $of
  RETURN distance, collect(key) AS keys, collect(x) AS nodes
}
WITH present_only, settled, looked, distance, keys, nodes ORDER BY distance
WITH present_only, settled, looked, collect(keys) AS levels, collect(nodes) AS found
WITH present_only, settled, looked, levels, found[{steps} - 1] AS last, reduce(all = [], nodes IN found | all + nodes) AS nearer
// Who is one step further, as far as that is counted.
CALL (present_only, last, nearer) {
  CALL (present_only, last, nearer) {
    WITH present_only, last, nearer WHERE present_only
    UNWIND last AS x
    MATCH (x){begin}[r:{types}]{end}(z:Entity)
    WHERE 0 + r.valid_from <= $valid AND $valid < 0 + r.valid_to AND NOT z IN nearer AND NOT z.key IN $of
    RETURN z
    UNION ALL
    WITH present_only, last, nearer WHERE NOT present_only
    UNWIND last AS x
    MATCH (x){begin}[r:{types}|{past_types}]{end}(z:Entity)
    WHERE CASE WHEN $valid < r.valid_to OR $known < r.end_known THEN r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to ELSE false END
      AND NOT z IN nearer AND NOT z.key IN $of
    RETURN z
  }
  WITH DISTINCT z LIMIT $beyond_max
  RETURN count(z) AS beyond
}
RETURN looked, beyond, levels, NOT settled OR {settled} AS sound
