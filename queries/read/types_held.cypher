// types_held: the stored names of all relationships that there are, or were in this database. Needs nothing. Returns one record: types.
// The database keeps the names: nothing else is read.
CALL db.relationshipTypes() YIELD relationshipType
RETURN collect(relationshipType) AS types
