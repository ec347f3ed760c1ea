// erasures_of: up to when these entities are erased, where that is at or after a known time. Needs keys, since. Returns key, known_to.
UNWIND $keys AS key
MATCH (x:Erasure {key: key}) WHERE x.known_to >= $since
RETURN key, max(x.known_to) AS known_to
