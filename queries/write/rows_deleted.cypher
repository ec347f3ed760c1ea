// rows_deleted: take rows away. Needs ids. Returns nothing.
UNWIND $ids AS id
MATCH ()-[r]->() WHERE elementId(r) = id
DELETE r
