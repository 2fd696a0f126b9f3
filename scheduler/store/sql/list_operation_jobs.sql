-- Returns the jobs of operations that are in certain states, in order. $1 key of the batch, $2 the
-- index to start after, $3 the states as a JSON array, $4 how many at most. 0 rows: there are no more.
SELECT o.index, j.key, j.project, j.id, j.state
FROM batch_job o JOIN job j ON j.key = o.job_key
WHERE o.batch_key = $1 AND o.index > $2
  AND j.state = ANY (ARRAY(SELECT value::smallint FROM jsonb_array_elements_text($3::jsonb) t (value)))
ORDER BY o.index
LIMIT $4
