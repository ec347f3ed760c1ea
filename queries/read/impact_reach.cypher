// impact_reach: how far everything is that is reached from entities, at a point, where all types are followed the same way; and what proves each.
// Needs {begin} and {end} (how the relationships point), {back} and {home} (the same seen from the other end), {types}, {past_types}, {steps} (how far
// to go); of (keys), valid, known, base (type by stored name), prove (whether to tell the proofs), beyond_max, most, and
// looks: whether to look first if there are so many at all, and to find nothing then.
// Returns one record: looked (how many that found, at most `most`); levels, nearest first: [keys, parents, types, rows], lists beside each other, of which
// only keys is told without `prove`: the least parent, type and discriminator of each. `of` is in none. beyond: how many are one step further
// than {steps}, at most beyond_max.
// `0 +` keeps the planner from reading all that an index on time has. Each entity is visited once. Only where the present is not enough history is followed; where it is, all that is there is known, with its ends.
OPTIONAL MATCH (g:Graph {id: 'graph'})
WITH coalesce($known >= g.recorded_at AND $valid >= g.recorded_at, false) AS present_only
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
  WHERE all(r IN relationships(p) WHERE ($valid < r.valid_to OR $known < r.end_known) AND r.valid_from <= $valid
            AND r.known_from <= $known AND $known < r.known_to)
  WITH DISTINCT x LIMIT $most
  RETURN count(x) AS looked
}
WITH present_only, sum(looked) AS looked
OPTIONAL CALL (present_only, looked) {
  WITH present_only, looked WHERE looked < $most AND present_only
  UNWIND $of AS key
  MATCH p = (:Entity {key: key}){begin}[:{types}*1..{steps}]{end}(x)
  WHERE all(r IN relationships(p) WHERE r.valid_from <= $valid AND $valid < r.valid_to)
  WITH x, min(length(p)) AS distance
  WHERE NOT x.key IN $of
  RETURN distance, collect(x) AS nodes
  UNION ALL
  WITH present_only, looked WHERE looked < $most AND NOT present_only
  UNWIND $of AS key
  MATCH p = (:Entity {key: key}){begin}[:{types}|{past_types}*1..{steps}]{end}(x)
  WHERE all(r IN relationships(p) WHERE ($valid < r.valid_to OR $known < r.end_known) AND r.valid_from <= $valid
            AND r.known_from <= $known AND $known < r.known_to)
  WITH x, min(length(p)) AS distance
  WHERE NOT x.key IN $of
  RETURN distance, collect(x) AS nodes
}
WITH present_only, looked, distance, nodes ORDER BY distance
WITH present_only, looked, collect(nodes) AS levels
// Who is one step further, as far as that is counted.
CALL (present_only, levels) {
  WITH present_only, levels[{steps} - 1] AS last, reduce(all = [], nodes IN levels | all + nodes) AS nearer
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
    WHERE ($valid < r.valid_to OR $known < r.end_known) AND 0 + r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to
      AND NOT z IN nearer AND NOT z.key IN $of
    RETURN z
  }
  WITH DISTINCT z LIMIT $beyond_max
  RETURN count(z) AS beyond
}
OPTIONAL CALL (present_only, levels) {
  WITH levels WHERE NOT $prove
  UNWIND range(0, size(levels) - 1) AS n
  RETURN n, [x IN levels[n] | x.key] AS keys, [] AS parents, [] AS types, [] AS rows
  UNION ALL
  WITH present_only, levels WHERE $prove
  UNWIND range(0, size(levels) - 1) AS n
  WITH present_only, n, levels[n] AS nodes, CASE n WHEN 0 THEN [] ELSE levels[n - 1] END AS nearer
  CALL (present_only, n, nodes, nearer) {
    WITH present_only, n, nodes, nearer WHERE present_only
    UNWIND nodes AS x
    MATCH (x){back}[r:{types}]{home}(q:Entity)
    WHERE 0 + r.valid_from <= $valid AND $valid < 0 + r.valid_to AND (q IN nearer OR n = 0 AND q.key IN $of)
    WITH x, min([q.key, $base[type(r)], coalesce(r.discriminator, ''), r]) AS way
    RETURN x, way
    UNION ALL
    WITH present_only, n, nodes, nearer WHERE NOT present_only
    UNWIND nodes AS x
    MATCH (x){back}[r:{types}|{past_types}]{home}(q:Entity)
    WHERE ($valid < r.valid_to OR $known < r.end_known) AND 0 + r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to
      AND (q IN nearer OR n = 0 AND q.key IN $of)
    WITH x, min([q.key, $base[type(r)], coalesce(r.discriminator, ''), r]) AS way
    RETURN x, way
  }
  RETURN n, collect(x.key) AS keys, collect(way[0]) AS parents, collect(way[1]) AS types, collect(properties(way[3])) AS rows
}
WITH looked, beyond, n, keys, parents, types, rows ORDER BY n
RETURN looked, beyond, collect(CASE WHEN n IS NOT NULL THEN [keys, parents, types, rows] END) AS levels
