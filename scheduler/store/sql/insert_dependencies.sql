-- Records which jobs wait for others. $1 job key, $2 key of a job that it depends on, as arrays. 0 rows:
-- always.
INSERT INTO job_dependency (job_key, dependency_key)
SELECT unnest($1::bigint[]), unnest($2::bigint[])
