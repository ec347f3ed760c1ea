// trend_events: how many events happened, by buckets. Needs known, from, to (exclusive), width, kinds (of entities that they speak about, or
// null), types (of CloudEvents, or null). Returns up to a record a bucket: bucket (from 0), value.
MATCH (v:Event)
WHERE $from <= v.time < $to AND v.recorded_at <= $known AND ($types IS NULL OR v.type IN $types)
  AND ($kinds IS NULL OR EXISTS { (v)-[:ABOUT]->(e:Entity) WHERE e.kind IN $kinds })
RETURN (v.time - $from) / $width AS bucket, count(*) AS value
