// valid_from: rows of one relationship type by valid_from. Needs nothing. Returns nothing.
CREATE INDEX {name}_valid_from IF NOT EXISTS FOR ()-[r:`{type}`]-() ON (r.valid_from)
