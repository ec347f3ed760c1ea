// erasures: all that was erased on request, in order. Needs nothing. Returns erasure (map).
MATCH (x:Erasure)
RETURN properties(x) AS erasure ORDER BY x.known_to, x.key
