// mapping_file: one text a version of a mapping file. Needs nothing. Returns nothing.
CREATE CONSTRAINT mapping_file IF NOT EXISTS FOR (m:MappingFile) REQUIRE (m.name, m.version) IS UNIQUE
