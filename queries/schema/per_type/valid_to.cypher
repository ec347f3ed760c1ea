// valid_to: rows of one relationship type by valid_to. Needs nothing. Returns nothing.
CREATE INDEX {name}_valid_to IF NOT EXISTS FOR ()-[r:`{type}`]-() ON (r.valid_to)
