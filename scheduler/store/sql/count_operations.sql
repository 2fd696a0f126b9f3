-- Adds to the numbers of jobs of batches by state; arrays. $1 key of the batch, $2 state, $3
-- difference. 0 rows: always.
INSERT INTO batch_count AS c (batch_key, state, jobs)
SELECT unnest($1::bigint[]), unnest($2::smallint[]), unnest($3::bigint[])
ON CONFLICT (batch_key, state) DO UPDATE SET jobs = c.jobs + excluded.jobs
