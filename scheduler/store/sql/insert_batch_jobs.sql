-- Records which operations of batches new jobs are. $1 key of the batch, $2 index, $3 job key, as
-- arrays. 0 rows: always.
INSERT INTO batch_job (batch_key, index, job_key)
SELECT unnest($1::bigint[]), unnest($2::integer[]), unnest($3::bigint[])
