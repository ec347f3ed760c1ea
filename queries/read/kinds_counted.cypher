// kinds_counted: how many entities of each kind there are at a point. Needs valid, known. Returns a record each: kind, declared, undeclared.
// Reads every entity once; history only of those that the node itself does not decide, relationships only of those that nothing asserts then.
CALL () {
  MATCH (e:Entity)
  WHERE e.present AND e.valid_from <= $valid AND e.known_from <= $known
  RETURN e.kind AS kind, count(*) AS declared, 0 AS undeclared
  UNION ALL
  MATCH (e:Entity)
  WHERE NOT (e.present AND e.valid_from <= $valid AND e.known_from <= $known)
  // As in entities_at.
  CALL (e) {
    OPTIONAL MATCH (e)-[h:HAD]->(e)
    WHERE 0 + h.valid_from <= $valid AND h.known_from <= $known AND $known < h.known_to
    RETURN count(h) > 0 AS began, count(CASE WHEN $valid < h.valid_to OR $known < h.end_known THEN 1 END) > 0 AS had
  }
  CALL (e, began) {
    OPTIONAL MATCH (e)-[r]-(:Entity)
    WHERE NOT began AND type(r) <> 'HAD'
      AND 0 + r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to AND ($valid < r.valid_to OR $known < r.end_known)
    WITH r LIMIT 1
    RETURN count(r) > 0 AS named
  }
  RETURN e.kind AS kind, count(CASE WHEN had THEN 1 END) AS declared, count(CASE WHEN named THEN 1 END) AS undeclared
}
RETURN kind, sum(declared) AS declared, sum(undeclared) AS undeclared ORDER BY kind
