// rebuild_begun: note which database a graph is a rebuild of. Needs of (its id). Returns nothing.
MATCH (g:Graph {id: 'graph'})
SET g.rebuild_of = $of
