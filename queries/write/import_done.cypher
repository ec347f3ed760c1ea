// import_done: the graph stands where the exported one stood, and whoever wrote to that one is fenced. Needs graph (properties of
// the graph's node), positions (maps). Returns nothing.
MATCH (g:Graph {id: 'graph'})
SET g += $graph, g.importing = null, g.imported = null
WITH g
UNWIND $positions AS position
MERGE (p:Position {topic: position.topic, partition: position.partition})
WITH p, position, CASE WHEN p.epoch >= position.epoch THEN p.epoch ELSE position.epoch END AS epoch
SET p = position, p.epoch = epoch + 1
