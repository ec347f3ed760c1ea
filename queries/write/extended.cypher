// extended: words besides those of the mapping in use, and the files behind them. Needs vocabulary, files. Returns nothing.
MATCH (g:Graph {id: 'graph'})
SET g.vocabulary = $vocabulary
WITH g
UNWIND $files AS file
MERGE (m:MappingFile {name: file.name, version: file.version})
SET m.text = file.text
