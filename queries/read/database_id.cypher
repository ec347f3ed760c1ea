// database_id: what tells this database from every other one, whatever address it has. Needs nothing. Returns id.
CALL db.info() YIELD id
RETURN id
