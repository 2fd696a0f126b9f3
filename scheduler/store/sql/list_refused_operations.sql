-- Returns operations that can be no jobs, in order, without what was asked for. $1 key of the batch, $2
-- how many at most. 0 rows: there are none.
SELECT index, ''::bytea AS request, refusal, 0 AS job FROM batch_operation
WHERE batch_key = $1 AND refusal <> '' ORDER BY index LIMIT $2
