-- Returns a batch. $1 project, $2 id. 0 rows: no such batch.
SELECT * FROM batch_record WHERE project = $1 AND id = $2
