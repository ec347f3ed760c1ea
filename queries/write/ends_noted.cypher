// ends_noted: up to which known time nothing more can come from partitions that are read to their ends. Needs places [topic, partition],
// known (or null). Returns recorded_at (of the whole graph, or null).
// It never goes back, so that it does no harm when it is said late.
MATCH (g:Graph {id: 'graph'})
CALL () {
  UNWIND $places AS place
  MATCH (p:Position {topic: place[0], partition: place[1]})
  WHERE coalesce(p.read_to < $known, $known IS NOT NULL)
  SET p.read_to = $known
}
RETURN g.recorded_at AS recorded_at
