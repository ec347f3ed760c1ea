// inhabited: whether there is anything besides what every graph has from the start. Needs nothing. Returns one record: inhabited.
RETURN EXISTS { MATCH (n) WHERE NOT n:Graph AND NOT n:MappingFile } AS inhabited
