-- Returns a reference. $1 project, $2 id. 0 rows: no such reference.
SELECT * FROM reference_record WHERE project = $1 AND id = $2
