// ledger_events: the events that were written by a transaction and those before it, in record order, with all that they claim and
// retract. Needs tick. Returns event (map), claims (JSON texts), retracts [nth, rule, source, id]. Read it as a stream.
MATCH (v:Event) WHERE v.recorded_at >= -9223372036854775808
WITH v ORDER BY v.recorded_at, v.topic, v.partition, v.offset
WITH v WHERE v.tick <= $tick
RETURN properties(v) AS event,
       COLLECT { MATCH (v)-[a:ABOUT]->(:Entity) RETURN a.assertions } AS claims,
       COLLECT { MATCH (v)-[x:RETRACTS]->(r:Retracted) RETURN [x.nth, x.rule, r.source, r.id] } AS retracts
