-- Adds to the number of live jobs by page of keys. $1 project, $2 page, $3 difference, as arrays.
-- 0 rows: no difference was given.
INSERT INTO job_page AS p (project, page, live)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])
ON CONFLICT (project, page) DO UPDATE SET live = p.live + excluded.live
