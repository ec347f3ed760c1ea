// import_begun: from here on only this import writes. Needs importing (checksum of the ledger). Returns imported (records done).
MATCH (g:Graph {id: 'graph'})
SET g.importing = $importing, g.imported = coalesce(g.imported, 0)
RETURN g.imported AS imported
