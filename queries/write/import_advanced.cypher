// import_advanced: how many records of the ledger are in the graph. Needs imported. Returns nothing.
MATCH (g:Graph {id: 'graph'})
SET g.imported = $imported
