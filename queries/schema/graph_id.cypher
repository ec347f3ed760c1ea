// graph_id: one node for the graph itself. Needs nothing. Returns nothing.
CREATE CONSTRAINT graph_id IF NOT EXISTS FOR (g:Graph) REQUIRE g.id IS UNIQUE
