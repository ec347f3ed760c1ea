// explain_rules: under which rules events said what they say. Needs asked (list of [uid, key of an entity]).
// Returns a record for each event that is there: uid, key, mapping, assertions (JSON text of what it says about the entity, or null),
// retracts (rules under which it retracts others).
UNWIND $asked AS one
MATCH (v:Event {uid: one[0]})
OPTIONAL MATCH (v)-[a:ABOUT]->(:Entity {key: one[1]})
RETURN one[0] AS uid, one[1] AS key, v.mapping AS mapping, a.assertions AS assertions,
       COLLECT { MATCH (v)-[x:RETRACTS]->() RETURN DISTINCT x.rule ORDER BY x.rule } AS retracts
