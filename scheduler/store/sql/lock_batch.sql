-- Locks a batch that is to be deleted. $1 project, $2 id. 0 rows: no such batch.
SELECT key, version, end_time IS NOT NULL AS has_ended
FROM batch WHERE project = $1 AND id = $2 FOR UPDATE
