-- Adds to the number of jobs by state. $1 project, $2 state, $3 difference, as arrays.
-- 0 rows: no difference was given.
INSERT INTO job_state_count AS c (project, state, jobs)
SELECT * FROM unnest($1::text[], $2::smallint[], $3::bigint[])
ON CONFLICT (project, state) DO UPDATE SET jobs = c.jobs + excluded.jobs
