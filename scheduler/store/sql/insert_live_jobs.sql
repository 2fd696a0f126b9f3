-- Adds jobs to those a new leader loads. $1 keys. 0 rows: all are there already.
INSERT INTO job_live (job_key) SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING
