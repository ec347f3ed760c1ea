// erasure_counted: what an erasure came to so far. Needs key, known_to, versions, dead_letters (more of them). Returns nothing.
MATCH (x:Erasure {key: $key, known_to: $known_to})
SET x.versions = x.versions + $versions, x.dead_letters = x.dead_letters + $dead_letters
