-- Returns operations as they were asked for, in order, with the keys of their jobs (0: none yet). $1 key
-- of the batch, $2 the index to start after, $3 how many at most. 0 rows: there are no more.
SELECT o.index, o.request, o.refusal, coalesce(j.job_key, 0) AS job
FROM batch_operation o LEFT JOIN batch_job j ON j.batch_key = o.batch_key AND j.index = o.index
WHERE o.batch_key = $1 AND o.index > $2 ORDER BY o.index LIMIT $3
