-- Returns the active reference. $1 project, $2 stage. 0 rows: there is none.
SELECT * FROM reference_record WHERE project = $1 AND stage = $2 AND active
