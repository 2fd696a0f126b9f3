-- Returns the URIs of files that deleted jobs of a name have produced and that are still recorded. $1 project, $2
-- the job's id. 0 rows: there are none.
SELECT uri FROM file WHERE project = $1 AND produced_by = $2 AND producer_key = 0
