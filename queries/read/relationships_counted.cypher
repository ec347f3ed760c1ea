// relationships_counted: how many relationships of one type hold at a point. Needs {present}, {past}: the type and its past; valid, known.
// Returns one record: count. In the present the database's own count is corrected by what begins later and what is over, which indexes know;
// for the past every row of the type that had begun is read.
OPTIONAL MATCH (g:Graph {id: 'graph'})
WITH coalesce($known >= g.recorded_at AND $valid >= g.recorded_at, false) AS present_only
CALL (present_only) {
  WITH present_only WHERE present_only
  RETURN COUNT { ()-[:{present}]->() } - COUNT { MATCH ()-[r:{present}]->() WHERE r.valid_from > $valid }
         - COUNT { MATCH ()-[r:{present}]->() WHERE r.valid_to <= $valid } AS count
  UNION ALL
  WITH present_only WHERE NOT present_only
  RETURN COUNT { MATCH ()-[r:{present}]->()
                 WHERE r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to AND ($valid < r.valid_to OR $known < r.end_known) }
         + COUNT { MATCH ()-[r:{past}]->()
                   WHERE r.valid_from <= $valid AND r.known_from <= $known AND $known < r.known_to AND ($valid < r.valid_to OR $known < r.end_known) } AS count
}
RETURN sum(count) AS count
