// retracted_within: the events that were retracted by events recorded within a span of known time, here or not. Needs low, high. Returns one record: uids.
MATCH (v:Event) WHERE $low < v.recorded_at <= $high
MATCH (v)-[:RETRACTS]->(x:Retracted)
RETURN collect(DISTINCT x.uid) AS uids
