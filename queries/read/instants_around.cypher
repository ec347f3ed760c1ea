// instants_around: the instants at which a relationship of an entity begins or ends, by anything that was ever known until then. Needs {types}:
// all types and their past; key, known, before (instants from then on are left out), size.
// Returns one record: instants, the newest first, up to size.
MATCH (:Entity {key: $key})-[r:{types}]-(:Entity)
WHERE r.known_from <= $known
UNWIND [r.valid_from, r.valid_to] AS instant
WITH DISTINCT instant
WHERE instant < $before
ORDER BY instant DESC LIMIT $size
RETURN collect(instant) AS instants
