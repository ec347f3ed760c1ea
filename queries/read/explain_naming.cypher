// explain_naming: the relationships that touch an entity, as far as they decide whether it was there. Needs key, valid, known, learned_to, most.
// Returns a record for each class of rows that has any: class (0 hold at the point, 1 were over by then, 2 were learnt later, 3 begin later,
// 4 were believed before and are not any more, those that covered the instant first), rows (list of [stored type, source, target, map], up to `most`, the decisive ones first).
// Reads all relationships of the entity once. `0 +` keeps the planner from reading all that the index on valid_from has, instead of that.
MATCH (e:Entity {key: $key})-[r]-(:Entity)
WHERE type(r) <> 'HAD' AND r.known_from <= $learned_to
WITH DISTINCT r, 0 + r.valid_from <= $valid AS begun, r.known_from <= $known AND $known < r.known_to AS believed
WITH r, begun, CASE
  WHEN believed AND begun AND ($valid < r.valid_to OR $known < r.end_known) THEN 0
  WHEN believed AND begun THEN 1
  WHEN begun AND r.known_from > $known AND ($valid < r.valid_to OR r.known_from < r.end_known) THEN 2
  WHEN believed THEN 3
  WHEN r.known_to <= $known THEN 4
END AS class
WHERE class IS NOT NULL
WITH r, class, CASE WHEN class = 4 AND NOT (begun AND ($valid < r.valid_to OR r.known_from < r.end_known)) THEN 1 ELSE 0 END AS aside,
     CASE class WHEN 1 THEN -r.valid_to WHEN 2 THEN r.known_from WHEN 3 THEN r.valid_from WHEN 4 THEN -r.known_to ELSE 0 END AS place
ORDER BY class, aside, place, type(r), startNode(r).key, endNode(r).key, coalesce(r.discriminator, ''), r.valid_from
WITH class, collect(r)[..$most] AS some
RETURN class, [r IN some | [type(r), startNode(r).key, endNode(r).key, properties(r)]] AS rows ORDER BY class
