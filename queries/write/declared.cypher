// declared: the words of the mapping in use and the files behind it. Needs vocabulary, version, files. Returns nothing.
MERGE (g:Graph {id: 'graph'})
SET g.vocabulary = $vocabulary, g.mapping = $version, g.mapping_files = [file IN $files | file.version + ' ' + file.name]
WITH g
UNWIND $files AS file
MERGE (m:MappingFile {name: file.name, version: file.version})
SET m.text = file.text
