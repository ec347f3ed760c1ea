// diff_around: all relationships of one type that ever touched an entity. Needs {types}: the type and its past; key, kinds (of
// either end, or null). Returns one record: owners (list of [source, target, discriminator]).
MATCH (:Entity {key: $key})-[r:{types}]-(:Entity)
WITH DISTINCT startNode(r) AS s, endNode(r) AS t, coalesce(r.discriminator, '') AS discriminator
WHERE $kinds IS NULL OR s.kind IN $kinds OR t.kind IN $kinds
RETURN collect([s.key, t.key, discriminator]) AS owners
