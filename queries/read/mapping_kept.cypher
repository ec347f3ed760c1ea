// mapping_kept: the files of the mapping in use. Needs nothing. Returns name, text.
MATCH (g:Graph {id: 'graph'})
UNWIND g.mapping_files AS file
WITH split(file, ' ')[0] AS version, substring(file, size(split(file, ' ')[0]) + 1) AS name
MATCH (m:MappingFile {name: name, version: version})
RETURN m.name AS name, m.text AS text
