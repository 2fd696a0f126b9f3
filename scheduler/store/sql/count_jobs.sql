-- Adds to the number of live jobs by page of keys and to that of jobs by state; arrays. $1 project, $2
-- page, $3 difference; $4 project, $5 state, $6 difference. 0 rows: always.
WITH pages AS (
  INSERT INTO job_page AS p (project, page, live)
  SELECT unnest($1::text[]), unnest($2::bigint[]), unnest($3::bigint[])
  ON CONFLICT (project, page) DO UPDATE SET live = p.live + excluded.live
)
INSERT INTO job_state_count AS c (project, state, jobs)
SELECT unnest($4::text[]), unnest($5::smallint[]), unnest($6::bigint[])
ON CONFLICT (project, state) DO UPDATE SET jobs = c.jobs + excluded.jobs
