// claims_count: how many events speak about entities, all together. Needs keys. Returns one record: claims.
UNWIND $keys AS key
MATCH (e:Entity {key: key})
RETURN sum(COUNT { (e)<-[:ABOUT]-() }) AS claims
