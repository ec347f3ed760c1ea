// impact_proved: how far everything is that is reached from entities, at a point, and what proves each, where all types are followed the same way.
// Needs what impact_reach needs, {nearer} ({steps} less one), and rank (place of the type by its stored name, in order).
// Returns what impact_reach returns, but that levels are [keys, parents, ranks, discriminators, properties, valid_from, valid_to, known_from, event, ended_by]:
// lists beside each other, of the least parent, type and discriminator of each, and of the version of that relationship that is believed; ended_by '': nobody.
// All that something is one step away from is found first, and put in order by distance and key. Then each is asked who is one step away: the least of those
// who say so is the parent, and tells the distance. Nobody needs to be looked up among what was found.
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
  MATCH p = (:Entity {key: key}){begin}[:{types}*0..{nearer}]{end}(q)
  WITH q, min(length(p)) AS d
  RETURN q, d
  UNION ALL
  WITH present_only, settled, looked WHERE looked < $most AND present_only AND NOT settled
  UNWIND $of AS key
  MATCH p = (:Entity {key: key}){begin}[:{types}*0..{nearer}]{end}(q)
  WHERE all(r IN relationships(p) WHERE r.valid_from <= $valid AND $valid < r.valid_to)
  WITH q, min(length(p)) AS d
  RETURN q, d
  UNION ALL
  WITH present_only, settled, looked WHERE looked < $most AND NOT present_only
  UNWIND $of AS key
  MATCH p = (:Entity {key: key}){begin}[:{types}|{past_types}*0..{nearer}]{end}(q)
  WHERE all(r IN relationships(p) WHERE CASE WHEN $valid < r.valid_to OR $known < r.end_known THEN r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to ELSE false END)
  WITH q, min(length(p)) AS d
  RETURN q, d
}
WITH present_only, settled, looked, q, d, q.key AS key ORDER BY d, key
WITH present_only, settled, looked, collect(q) AS found, collect(d) AS distances, collect(key) AS names
OPTIONAL CALL (present_only, settled, found, distances, names) {
  CALL (present_only, settled, found) {
    WITH present_only, settled, found WHERE settled
    UNWIND range(0, size(found) - 1) AS i
    WITH i, found[i] AS q
    MATCH (q){begin}[r:{types}]{end}(x)
    WITH x, min([i, $rank[type(r)], coalesce(r.discriminator, ''), r]) AS way
    RETURN x, way
    UNION ALL
    WITH present_only, settled, found WHERE present_only AND NOT settled
    UNWIND range(0, size(found) - 1) AS i
    WITH i, found[i] AS q
    MATCH (q){begin}[r:{types}]{end}(x)
    WHERE 0 + r.valid_from <= $valid AND $valid < 0 + r.valid_to
    WITH x, min([i, $rank[type(r)], coalesce(r.discriminator, ''), r]) AS way
    RETURN x, way
    UNION ALL
    WITH present_only, settled, found WHERE NOT present_only
    UNWIND range(0, size(found) - 1) AS i
    WITH i, found[i] AS q
    MATCH (q){begin}[r:{types}|{past_types}]{end}(x)
    WHERE CASE WHEN $valid < r.valid_to OR $known < r.end_known THEN r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to ELSE false END
    WITH x, min([i, $rank[type(r)], coalesce(r.discriminator, ''), r]) AS way
    RETURN x, way
  }
  WITH distances, names, x, x.key AS key, way
  WHERE NOT key IN $of
  WITH x, key, distances[way[0]] + 1 AS distance, names[way[0]] AS parent, way[1] AS rank, way[2] AS discriminator, properties(way[3]) AS r
  WITH x, key, distance, parent, rank, discriminator, r, coalesce($known < r.end_known, r.valid_to = 9223372036854775807) AS open
  RETURN distance, collect(CASE distance WHEN {steps} THEN x END) AS nodes, [
    collect(key), collect(parent), collect(rank), collect(discriminator), collect(coalesce(r.properties, '{}')), collect(r.valid_from),
    collect(CASE WHEN open THEN 9223372036854775807 ELSE r.valid_to END),
    collect(CASE WHEN open THEN r.known_from ELSE coalesce(r.end_known, r.known_from) END), collect(r.event),
    collect(CASE WHEN open THEN '' ELSE coalesce(r.ended_by, '') END)] AS columns
}
WITH present_only, settled, looked, found, distance, columns, nodes ORDER BY distance
WITH present_only, settled, looked, found, collect(columns) AS levels, reduce(all = [], some IN collect(nodes) | all + some) AS last
WITH present_only, settled, looked, levels, last, found + last AS nearer
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
