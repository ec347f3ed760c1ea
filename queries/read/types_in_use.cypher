// types_in_use: of which types there is any relationship, over or not. Needs {checks}: for each type, itself where there is one, else null.
// Returns one record: types. One look for each type.
RETURN [type IN [{checks}] WHERE type IS NOT NULL] AS types
