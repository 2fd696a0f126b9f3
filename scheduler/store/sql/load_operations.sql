-- Returns operations as they were asked for, in order. $1 key of the batch, $2 the index to start
-- after, $3 how many at most. 0 rows: there are no more.
SELECT index, request, refusal FROM batch_operation
WHERE batch_key = $1 AND index > $2 ORDER BY index LIMIT $3
