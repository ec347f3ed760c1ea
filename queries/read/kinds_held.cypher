// kinds_held: of which kinds there is any entity, whenever it was there. Needs kinds. Returns one record: held (list), inhabited (any entity at all).
// One look into the index of kinds for each.
RETURN [kind IN $kinds WHERE EXISTS { MATCH (e:Entity) WHERE e.kind = kind AND e.key >= '' }] AS held,
       EXISTS { MATCH (:Entity) } AS inhabited
