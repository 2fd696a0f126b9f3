-- Forgets the checkpoints of jobs. $1 keys. 0 rows: none had one.
DELETE FROM job_checkpoint c USING (SELECT unnest($1::bigint[]) AS key) u WHERE c.job_key = u.key
