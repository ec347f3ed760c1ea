// events_older: events whose records the log does not hold any more. Needs firsts (by `topic/partition` the first offset of the log).
// Returns topic, partition, events (count). Looks at every event.
MATCH (e:Event) WHERE e.offset < $firsts[e.topic + '/' + e.partition]
RETURN e.topic AS topic, e.partition AS partition, count(*) AS events
ORDER BY topic, partition
